package page

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Quotas are the limits of a tenant as the API has them. The numbers stay as they are
// written.
type Quotas struct {
	Resources map[string]json.Number `json:"resources,omitempty"`
	Rate      json.Number            `json:"requests_per_second,omitempty"`
}

// The fields of quotas: a prefix before the name of a kind, and the rate.
const (
	LimitField = "limit."
	RateField  = "rate"
)

// QuotaFields returns the fields of quotas, with what was typed if the form has them.
func (r *Request) QuotaFields(q Quotas) []view.Field {
	value := func(name string, stored json.Number) string {
		if _, typed := r.Form.Values[name]; typed {
			return r.Form.Line(name)
		}
		return string(stored)
	}
	var fields []view.Field
	for _, kind := range limited(r.Site.Kinds) {
		name := LimitField + kind.Name
		fields = append(fields, view.Field{Name: name, Type: view.NumberField,
			Label: KindTitle(kind.Path) + ", at most", Value: value(name, q.Resources[kind.Name]),
			Hint: "Empty: no limit. A limit below the present number removes nothing."})
	}
	return append(fields, view.Field{Name: RateField, Type: view.NumberField,
		Label: "Requests a second, at most", Value: value(RateField, q.Rate),
		Hint: "On average, on each server. Empty or 0: no limit."})
}

// limited returns the kinds that can have a limit: a tenant has exactly one resource of a
// singleton.
func limited(kinds *federation.Kinds) []federation.Kind {
	return slices.DeleteFunc(kinds.All(),
		func(k federation.Kind) bool { return k.Singleton != "" })
}

// ReadQuotas returns the quotas that were typed. A text that isn't a number is an error of its
// field; then ok is false.
func (r *Request) ReadQuotas(form *view.Form) (q Quotas, ok bool) {
	ok = true
	q.Resources = map[string]json.Number{}
	for i, field := range form.Fields {
		kind, isLimit := strings.CutPrefix(field.Name, LimitField)
		text := r.Form.Line(field.Name)
		if !isLimit && field.Name != RateField || text == "" {
			continue
		}
		if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
			form.Fields[i].Error, ok = "This isn't a number.", false
			form.Error = "Nothing was saved. Please correct the marked fields."
		} else if isLimit {
			q.Resources[kind] = json.Number(text)
		} else {
			q.Rate = json.Number(text)
		}
	}
	return q, ok
}

// QuotaPointers returns the fields of quotas by the JSON Pointers of the API's input.
func QuotaPointers(kinds *federation.Kinds) map[string]string {
	names := map[string]string{"/quotas/requests_per_second": RateField}
	for _, kind := range limited(kinds) {
		names["/quotas/resources/"+kind.Name] = LimitField + kind.Name
	}
	return names
}

// Usage is how much a tenant has of each kind.
type Usage struct {
	Resources map[string]KindUsage `json:"resources"`
}

// KindUsage is how many resources of a kind there are.
type KindUsage struct {
	Count int64  `json:"count"`
	Limit *int64 `json:"limit"`
	More  bool   `json:"more"` // there are more than Count
}
