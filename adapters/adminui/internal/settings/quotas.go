package settings

import (
	"encoding/json"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// addQuotas adds the limits with the counts, which those see who may read resources, and the
// form for those who may change the limits.
func addQuotas(r *page.Request, s stored, v *view.Settings) {
	var found page.Usage
	if r.Caller.May("resource.read") {
		err := r.API.Get(r.Context(), r.APIPath("usage"), nil, &found)
		if v.Counted = err == nil; err != nil {
			r.Site.Log.WarnContext(r.Context(), "resources can't be counted", "error", err)
		}
	}
	for _, kind := range r.Site.Kinds.All() {
		u := found.Resources[kind.Name]
		v.Quotas = append(v.Quotas, view.Count{Text: page.KindTitle(kind.Path),
			Href: r.URLs.To(kind.Path), Count: u.Count, More: u.More,
			Limit: limitOf(s.Quotas.Resources, kind.Name)})
	}
	v.Rate = string(s.Quotas.Rate)
	if r.Caller.May("tenant.manage") {
		f := r.NewForm(r.URLs.To("settings", "quotas"), "Save the quotas", r.QuotaFields(s.Quotas)...)
		f.Hidden = []view.Hidden{{Name: "version", Value: s.tag}}
		v.Limits = &f
	}
}

func limitOf(limits map[string]json.Number, kind string) *int64 {
	n, err := limits[kind].Int64()
	if err != nil {
		return nil
	}
	return &n
}

// saveQuotas replaces all quotas, unless someone else has changed the tenant since the page was
// read.
func saveQuotas(r *page.Request) (page.Reply, error) {
	s, v, err := readPage(r)
	if err != nil {
		return page.Reply{}, err
	}
	if v.Limits == nil {
		return page.Reply{}, page.Forbidden()
	}
	quotas, ok := r.ReadQuotas(v.Limits)
	if !ok {
		return page.Refused(http.StatusUnprocessableEntity, v)
	}
	if err = put(r, map[string]any{"quotas": quotas}); err == nil {
		return page.Go(page.Done(r.URLs.To("settings"), "saved"))
	}
	return refuse(v, s, v.Limits, err, page.QuotaPointers(r.Site.Kinds))
}
