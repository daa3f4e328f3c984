package transfer

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// showFederation says how configuration comes from another registry. The API can't follow
// one yet.
func showFederation(r *page.Request) (page.Reply, error) {
	v := view.Federation{Frame: r.Frame("Federation")}
	if r.Caller.May("bundle.export") && r.Site.Serves("export") {
		v.Promotion = r.URLs.To("promotion")
		v.Imports = r.Caller.May("bundle.import") && r.Site.Serves("import")
	}
	if r.Site.Serves("getInstance") {
		var instance struct {
			ID string `json:"instance"`
		}
		if err := r.API.Get(r.Context(), "/instance", nil, &instance); err != nil {
			return page.Reply{}, err
		}
		v.Instance = instance.ID
	}
	return page.Show(v)
}
