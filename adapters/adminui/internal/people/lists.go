package people

import (
	"net/url"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// onPage is how many rows a list shows at once.
const onPage = 50

// atOnce is how many items a search asks the API for at once, the most that it gives.
const atOnce = 1000

// longestSearch is the longest text, in bytes, that the API searches for.
const longestSearch = 256

// read reads the page of a list that the address names; search is empty for all.
func read[T any](r *page.Request, path, search string) (found apicall.List[T], err error) {
	query := url.Values{"limit": {strconv.Itoa(onPage)}}
	if search != "" {
		query.Set("q", search)
	}
	if cursor := r.Query().Get("cursor"); cursor != "" {
		query.Set("cursor", cursor)
	}
	return found, r.API.Get(r.Context(), path, query, &found)
}

// find returns the item of a list that is meant, of those that search finds. The API has no
// route for one alone. If there is none, the error is that of a page that isn't there.
func find[T any](r *page.Request, path, search string, meant func(T) bool) (none T, err error) {
	query := url.Values{"limit": {strconv.Itoa(atOnce)}}
	if search != "" {
		query.Set("q", search)
	}
	for item, err := range apicall.All[T](r.Context(), r.API, path, query) {
		if err != nil {
			return none, err
		}
		if meant(item) {
			return item, nil
		}
	}
	return none, page.NotFound()
}

// pager returns the links to the other pages of a list with the same search.
func pager(r *page.Request, segment, next string) view.Pager {
	return r.Pager(urls.With(r.URLs.To(segment), "q", r.Query().Get("q")), next)
}

// frame returns the frame of a page below a list.
func frame(r *page.Request, title, list, segment string) view.Frame {
	f := r.Frame(title)
	f.Trail = []view.Link{{Text: "Overview", Href: r.URLs.To()},
		{Text: list, Href: r.Back(r.URLs.To(segment))}}
	return f
}

// isNew reports whether the page is the form of something new.
func isNew(r *page.Request) bool { return r.Query().Get("new") == "true" }

// needs returns an error for a form that the API would refuse anyway. Without it, a person
// would learn that only after filling it in.
func needs(r *page.Request, permission string) error {
	if r.Caller.May(permission) {
		return nil
	}
	return page.Forbidden()
}

// refuse shows a form or a confirmation again with what the API said. Names are those of
// [page.Explain]; show returns the page with the form.
func refuse(
	form view.Form, refused error, names map[string]string, show func(view.Form) view.Model,
) (page.Reply, error) {
	status, ok := page.Explain(&form, refused, names)
	if !ok {
		return page.Reply{}, refused
	}
	return page.Refused(status, show(form))
}
