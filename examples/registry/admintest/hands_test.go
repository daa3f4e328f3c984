package admintest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// hands use a page by the keyboard alone.
type hands struct {
	t          *testing.T
	p          *browser.Page
	scriptsOff bool
}

// mostTabs is how often Tab is pressed before something isn't there.
const mostTabs = 200

// reach presses Tab until the element with this role and a name that begins so has the focus.
func (h hands) reach(name string, roles ...string) browser.Active {
	h.t.Helper()
	var met []string
	for range mostTabs {
		h.p.Press("Tab")
		at := h.p.ActiveElement()
		for _, role := range roles {
			if at.Role == role && strings.HasPrefix(at.Label, name) {
				return at
			}
		}
		met = append(met, at.Role+" "+at.Label)
	}
	require.Fail(h.t, "not reached by Tab", "%v %q at %s: met %q", roles, name, h.p.URL(), met)
	return browser.Active{}
}

// skip goes to the content of the page.
func (h hands) skip() {
	h.t.Helper()
	h.reach("Skip to content", "link")
	h.p.Press("Enter")
}

// follow follows a link, or presses a button.
func (h hands) follow(name string) {
	h.t.Helper()
	at := h.reach(name, "link", "button", "DisclosureTriangle")
	if at.Tag == "a" || at.Tag == "button" || at.Tag == "summary" {
		h.p.Press("Enter")
	}
}

// fill types text into a field, in place of what it contains.
func (h hands) fill(name, text string) {
	h.t.Helper()
	h.reach(name, "textbox", "searchbox", "combobox", "spinbutton")
	h.p.Press("Control+a")
	h.p.Type(text)
}

// at goes to an address, and there to the content.
func (h hands) at(address string) {
	h.t.Helper()
	h.p.Goto(address)
	h.skip()
}

// confirm presses the button of the page that asks again.
func (h hands) confirm(button string) {
	h.t.Helper()
	h.skip()
	h.follow(button)
	require.Equal(h.t, http.StatusOK, h.p.Status(), "%s: %s", h.p.URL(), h.p.Text("main"))
}

// choose goes to another tenant by the menu in the top bar.
func (h hands) choose(tenant *seed.Tenant) {
	h.t.Helper()
	h.reach("Tenant", "DisclosureTriangle")
	h.p.Press("Enter")
	if h.scriptsOff {
		h.fill("Find a tenant", tenant.Slug)
		h.p.Press("Enter")
		h.skip()
		h.follow(tenant.Name)
		return
	}
	require.Equal(h.t, "switch-q", h.p.ActiveElement().ID, "the menu begins at its field")
	h.p.Type(tenant.Slug)
	require.Eventually(h.t, func() bool { return h.p.Count("#switch-list a") == 1 },
		10*time.Second, 50*time.Millisecond)
	h.p.Press("ArrowDown", "Enter")
}

// sees requires a text on the page.
func (h hands) sees(text string) {
	h.t.Helper()
	require.Contains(h.t, h.p.Text("main"), text, "at %s", h.p.URL())
}
