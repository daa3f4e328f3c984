package auditlog

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/auditentry"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// onPage is the number of entries on a page.
const onPage = 50

// list shows a page of the tenant's log.
func list(r *page.Request) (page.Reply, error) {
	v := view.Audit{Frame: r.Frame("Audit log"), Action: r.URLs.To("audit")}
	if r.Site.Serves("exportAudit") {
		v.Export, v.Verify = r.URLs.To("audit", "export"), r.URLs.To("audit", "verify")
	}
	return show(r, v, r.APIPath("audit"))
}

// listAll shows a page of the log of all tenants, and of what belongs to none.
func listAll(r *page.Request) (page.Reply, error) {
	return show(r, view.Audit{Frame: r.Frame("Audit log of all tenants"), Platform: true,
		Action: r.Site.Root.To("audit")}, "/audit")
}

// show fills in what both lists have. A filter that the API refuses is shown with the
// reason.
func show(r *page.Request, v view.Audit, path string) (page.Reply, error) {
	f := readFilter(r.Query())
	query, wrong := f.query()
	v.Filter, v.What = f.fields(wrong), view.Field{Name: "action", Value: f["action"]}
	v.Filtered, v.Proposals = len(f) > 0, auditentry.Actions()
	if len(wrong) > 0 {
		v.Error = "Please correct the marked fields."
		return page.Refused(http.StatusUnprocessableEntity, v)
	}
	got, err := read(r, path, query)
	if p := apicall.ProblemOf(err); p != nil && p.Status == http.StatusUnprocessableEntity {
		v.Error = page.Sentence(p.Detail)
		return page.Refused(p.Status, v)
	}
	if err != nil {
		return page.Reply{}, err
	}
	w := writer{r: r, filter: f, path: v.Action, platform: v.Platform}
	for _, e := range got.Items {
		v.Entries = append(v.Entries, w.entry(e))
	}
	v.Pager = r.Pager(f.with(v.Action, "", ""), got.NextCursor)
	return page.Show(v)
}

// read reads a page of a log.
func read(
	r *page.Request, path string, query url.Values,
) (got apicall.List[auditentry.Entry], err error) {
	query.Set("limit", strconv.Itoa(onPage))
	if cursor := r.Query().Get("cursor"); cursor != "" {
		query.Set("cursor", cursor)
	}
	return got, r.API.Get(r.Context(), path, query, &got)
}
