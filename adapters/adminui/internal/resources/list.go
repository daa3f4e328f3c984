package resources

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// onPage is how many resources a page of a list has.
const onPage = 50

// filter is what a list looks for.
type filter struct {
	search string
	labels []string // key=value
}

func filterOf(q url.Values) filter {
	labels := slices.DeleteFunc(slices.Clone(q["label"]), func(l string) bool { return l == "" })
	slices.Sort(labels)
	return filter{q.Get("q"), slices.Compact(labels)}
}

// at returns the path of the list with the filter at a cursor.
func (f filter) at(list, cursor string) string {
	pairs := []string{"q", f.search}
	for _, label := range f.labels {
		pairs = append(pairs, "label", label)
	}
	return urls.With(list, append(pairs, "cursor", cursor)...)
}

// query returns the parameters of the API's list.
func (f filter) query(cursor string, limit int) url.Values {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if f.search != "" {
		q.Set("q", f.search)
	}
	if len(f.labels) > 0 {
		q["label"] = f.labels
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return q
}

// list shows the resources that a filter finds.
func (p pages) list(r *page.Request) (page.Reply, error) {
	f, cursor := filterOf(r.Query()), r.Query().Get("cursor")
	v := p.listView(r, f, cursor)
	var items apicall.List[resource]
	err := r.API.Get(r.Context(), "/"+p.kind.Path, f.query(cursor, onPage), &items)
	if problem := apicall.ProblemOf(err); problem != nil && badQuery(problem) {
		v.Error = page.Sentence(problem.Detail)
		for _, e := range problem.Errors {
			v.Error += " " + page.Sentence(e.Path+" "+e.Detail)
		}
		return page.Refused(problem.Status, v)
	}
	if err != nil {
		return page.Reply{}, err
	}
	self := f.at(v.Action, cursor)
	for _, item := range items.Items {
		v.Rows = append(v.Rows, p.row(r, item, self))
	}
	v.Pager = r.Pager(f.at(v.Action, ""), items.NextCursor)
	return page.Show(v)
}

// badQuery reports whether a problem is one of what was typed into the search.
func badQuery(p *apicall.Problem) bool {
	return p.Status == http.StatusUnprocessableEntity || p.Status == http.StatusBadRequest &&
		p.Code != "tenant_mismatch"
}

// listView returns the list without its rows.
func (p pages) listView(r *page.Request, f filter, cursor string) view.ResourceList {
	list := p.lists(r)
	_, one := p.one()
	v := view.ResourceList{Frame: r.Frame(p.title()), Noun: p.noun(), One: one,
		HasLabels: !p.kind.NoLabels, Action: list, Search: f.search,
		Filtered: f.search != "" || len(f.labels) > 0}
	if name := r.Query().Get("item"); v.Notice != nil && r.Query().Has("item") {
		v.Notice.Link = &view.Link{Text: "Show " + shown(name),
			Href: with(p.path(r, name, ""), "back", f.at(list, cursor))}
	}
	for i, label := range f.labels {
		without := filter{f.search, slices.Delete(slices.Clone(f.labels), i, i+1)}
		v.Labels = append(v.Labels, view.LabelFilter{Text: label, Remove: without.at(list, "")})
	}
	if r.Caller.May("resource.write") {
		v.New = urls.With(list, "new", "true", "back", f.at(list, cursor))
	}
	v.Pager = r.Pager(f.at(list, ""), "")
	return v
}

// row returns a resource for the list, whose own path is self.
func (p pages) row(r *page.Request, item resource, self string) view.ResourceRow {
	self = page.RowBack(self)
	row := view.ResourceRow{Name: shown(item.Name), Href: with(p.path(r, item.Name, ""), "back", self),
		Description: shortened(item.description()), Version: item.Version, Updated: item.UpdatedAt,
		Labels: p.labelLinks(r, item.Labels)}
	if r.Caller.May("resource.write") {
		row.Edit = with(p.path(r, item.Name, editing), "back", self)
		row.Delete = with(p.path(r, item.Name, deleting), "back", self)
	}
	return row
}

// labelLinks returns labels as links to the lists of those that have them.
func (p pages) labelLinks(r *page.Request, labels map[string]string) []view.Link {
	var links []view.Link
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		text := key + "=" + labels[key]
		links = append(links, view.Link{Text: text, Href: urls.With(p.lists(r), "label", text)})
	}
	return links
}

// shortened returns the beginning of a text for a list.
func shortened(text string) string {
	const most = 100 // characters
	characters := []rune(text)
	if len(characters) <= most {
		return text
	}
	return string(characters[:most]) + "…"
}
