package platform

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// askPurge asks for the slug before a purge.
func askPurge(r *page.Request) (page.Reply, error) {
	t, err := readTenant(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(purgePage(r, t))
}

// purgePage returns the page that asks before a purge. Only a deleted tenant can be purged.
func purgePage(r *page.Request, t managed) view.Confirm {
	v := view.Confirm{Frame: t.frame(r, "Purge the tenant"),
		Question: "Remove " + t.Name + " and everything in it for ever?",
		Consequences: append(wouldGo(r),
			"Its members, API keys, settings, secrets and audit log are removed too.",
			"Nothing can bring any of it back. No other tenant ever gets the slug.",
			"You get a certificate of what was removed.")}
	confirm := view.Field{Name: "confirm", Label: "Type the slug to confirm", Required: true,
		Value: r.Form.Line("confirm"), Hint: "The slug is " + t.Slug + "."}
	f := r.NewForm(t.path+"/purge", "Purge the tenant for ever",
		append([]view.Field{confirm}, t.reasonFields(r)...)...)
	f.Danger, f.Cancel, f.Hidden = true, r.Back(t.path), []view.Hidden{r.BackField(t.path)}
	v.Form = f
	if !t.deleted() {
		v.BlockerText = "Only a deleted tenant can be purged. Delete it first:"
		v.Blockers = []view.Link{{Text: t.Name, Href: t.path}}
	}
	return v
}

// wouldGo says how many resources would go. A tenant whose counts the API doesn't give to the
// caller has no counts here, and can be purged nevertheless.
func wouldGo(r *page.Request) []string {
	var found page.Usage
	err := r.API.For("", r.Form.Line("reason")).Get(r.Context(), apiPath(r)+"/usage", nil, &found)
	if err != nil {
		return []string{"All resources are removed. How many there are isn’t known here."}
	}
	var lines []string
	for _, kind := range r.Site.Kinds.All() {
		if u := found.Resources[kind.Name]; u.Count > 0 {
			lines = append(lines, view.Counted(u.Count, u.More)+" "+page.KindTitle(kind.Path)+
				" are removed.")
		}
	}
	if lines == nil {
		return []string{"The tenant has no resources."}
	}
	return lines
}

// purge removes a deleted tenant and shows the certificate. A wrong slug is refused by the API.
func purge(r *page.Request) (page.Reply, error) {
	t, err := readTenant(r)
	if err != nil {
		return page.Reply{}, err
	}
	a, err := r.API.For("", r.Form.Line("reason")).Answer(r.Context(),
		apicall.Call{Method: http.MethodPost, Path: apiPath(r) + "/purge",
			Body: map[string]string{"confirm": r.Form.Line("confirm")}})
	if err != nil {
		v := purgePage(r, t)
		return refused(err, &v, &v.Form, map[string]string{"/confirm": "confirm", "reason_required": "reason"})
	}
	return showCertificate(r, a.Body)
}

// certificate is what a purge answers.
type certificate struct {
	TenantID string           `json:"tenant_id"`
	Slug     string           `json:"slug"`
	Rows     map[string]int64 `json:"rows"`
	PurgedAt view.Time        `json:"purged_at"`
}

// showCertificate shows what a purge has removed. The digest covers the text as it is, so it
// is shown unchanged but for the white space.
func showCertificate(r *page.Request, text json.RawMessage) (page.Reply, error) {
	var c certificate
	if err := json.Unmarshal(text, &c); err != nil {
		return page.Reply{}, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		return page.Reply{}, err
	}
	v := view.Certificate{Frame: r.Frame("The tenant is purged"), Slug: c.Slug, TenantID: c.TenantID,
		PurgedAt: c.PurgedAt, Text: indented.String(), List: r.Site.Root.To("tenants")}
	if r.Site.Serves("listPlatformAudit") {
		v.Log = r.Site.Root.To("audit")
	}
	for _, table := range slices.Sorted(maps.Keys(c.Rows)) {
		v.Rows = append(v.Rows, view.RowCount{Table: table, Rows: c.Rows[table]})
	}
	return page.Show(v)
}
