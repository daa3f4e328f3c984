package pickertest_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/internal/browser"
	"github.com/bailiwick-go/bailiwick/ports"
)

func TestMain(m *testing.M) { browser.Main(m) }

// put stores a resource of acme.
func put(t *testing.T, s *site.Site, kind, name, spec string) {
	t.Helper()
	item := federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: json.RawMessage(spec),
		Labels: map[string]string{"team": "search", "stage": "production"}}
	_, _, err := s.Services.Resources.Put(t.Context(), s.Tenants["acme"].ID, item, ports.Condition{})
	require.NoError(t, err)
}

// signIn opens a page of acme as an editor.
func signIn(t *testing.T, s *site.Site, o browser.Options, path string) *browser.Page {
	t.Helper()
	p := browser.Open(t, o)
	p.Goto(s.Server.URL + "/admin/sign-in")
	p.Fill("#f-email", site.AcmeEditor)
	p.Fill("#f-password", site.Password)
	p.Submit("form.stack")
	p.Goto(s.Server.URL + "/admin/t/acme/" + path)
	return p
}

// eventually waits until an element is visible.
func eventually(t *testing.T, p *browser.Page, sel string) {
	t.Helper()
	require.Eventually(t, func() bool { return p.Exists(sel) && p.Visible(sel) }, 10*time.Second,
		50*time.Millisecond, "%s", sel)
}

func TestProposalsAreTakenByKeyboard(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	for i := range 3 {
		put(t, s, "agent", fmt.Sprintf("helper %d", i), `{"description":"helps"}`)
		put(t, s, "prompt", fmt.Sprintf("prompt/%d", i), `{"template":"x"}`)
	}
	p := signIn(t, s, browser.Options{}, "agents?new=true")
	const single, many = "#f-name\\.extends", "#f-names\\.prompts"

	p.Click(single)
	p.Type("HELP")
	eventually(t, p, single+"-list")
	require.Equal(t, "3 proposals.", p.Text(single+"-list + [role=status]"))
	require.Empty(t, p.Layout())
	p.Press("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp")
	require.Equal(t, "helper 2 helps", p.Text(single+"-list [aria-selected=true]"))
	require.Empty(t, p.Axe())
	p.Press("Enter")
	require.Equal(t, "helper 2", p.Value(single))
	require.False(t, p.Visible(single+"-list"))
	require.Contains(t, p.URL(), "new=true", "Enter takes a proposal instead of sending the form")

	p.Press("ArrowDown")
	eventually(t, p, single+"-list")
	p.Press("Escape")
	require.False(t, p.Visible(single+"-list"))
	require.Equal(t, "helper 2", p.Value(single))

	p.Click(many)
	for _, key := range []string{"1", "0"} {
		p.Type("prompt/" + key)
		eventually(t, p, many+"-list")
		p.Press("ArrowDown", "Enter")
	}
	require.Equal(t, "prompt/1\nprompt/0\n", p.Value(many))
	p.RequireClean(t)
}

func TestProposalsFollowTheKind(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	put(t, s, "agent", "same agent", `{}`)
	put(t, s, "mcp_server", "same server", `{}`)
	p := signIn(t, s, browser.Options{}, "trust-rules?new=true")
	p.Select("#f-kind\\.subject", "MCP server")
	p.Click("#f-name\\.subject")
	p.Type("same")
	eventually(t, p, "#f-name\\.subject-list")
	require.Equal(t, "same server", p.Text("#f-name\\.subject-list li"))
	p.RequireClean(t)
}
