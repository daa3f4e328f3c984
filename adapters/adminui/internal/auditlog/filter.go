package auditlog

import (
	"net/url"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/auditentry"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// filterNames are the parameters of a filter, of the pages and of the API alike.
var filterNames = []string{"actor", "action", "outcome", "target_kind", "target", "since", "until"}

// filter is what a person looks for in a log, as they typed it.
type filter map[string]string

// readFilter returns the filter in the page's address.
func readFilter(q url.Values) filter {
	f := filter{}
	for _, name := range filterNames {
		if text := q.Get(name); text != "" {
			f[name] = text
		}
	}
	return f
}

// with returns the address of a list with this filter, and a further pair that replaces one
// of the filter.
func (f filter) with(path, name, value string) string {
	pairs := []string{}
	for _, other := range filterNames {
		if other != name {
			pairs = append(pairs, other, f[other])
		}
	}
	return urls.With(path, append(pairs, name, value)...)
}

// layouts are the forms of a time that browsers send (HTML, section 2.4.5), and the API's.
var layouts = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339}

// query returns the parameters of the API's call, and what is wrong with a field of the
// filter by its name.
func (f filter) query() (url.Values, map[string]string) {
	q, wrong := url.Values{}, map[string]string{}
	for name, text := range f {
		if name == "since" || name == "until" {
			at, ok := parseTime(text)
			if !ok {
				wrong[name] = "Write a date and a time in UTC, such as 2026-01-31T12:00."
			}
			text = at.UTC().Format(time.RFC3339Nano)
		}
		q.Set(name, text)
	}
	return q, wrong
}

func parseTime(text string) (time.Time, bool) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// fields returns the inputs of the filter, without the one of the action, which has
// proposals.
func (f filter) fields(wrong map[string]string) []view.Field {
	outcomes := []view.Option{{Text: "Any"}}
	for _, o := range tenancy.Outcomes() {
		outcomes = append(outcomes, view.Option{Value: string(o), Text: auditentry.OutcomeWords(string(o)),
			Selected: string(o) == f["outcome"]})
	}
	fields := []view.Field{
		{Name: "actor", Label: "Who (id)"},
		{Name: "outcome", Label: "Outcome", Type: view.SelectField, Options: outcomes},
		{Name: "target_kind", Label: "Kind of target"},
		{Name: "target", Label: "Name of target"},
		{Name: "since", Label: "From (UTC)", Type: view.DateField},
		{Name: "until", Label: "Before (UTC)", Type: view.DateField},
	}
	for i, field := range fields {
		fields[i].Value, fields[i].Error = f[field.Name], wrong[field.Name]
	}
	return fields
}
