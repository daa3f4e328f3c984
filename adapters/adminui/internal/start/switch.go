package start

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// The numbers of tenants on a page and in the menu.
const (
	onPage = 50
	inMenu = 20
)

// showSwitch shows the person's tenants with a search, a page at a time.
func showSwitch(r *page.Request) (page.Reply, error) {
	text := r.Query().Get("q")
	found, err := r.FindMemberships(text, r.Query().Get("cursor"), onPage)
	if err != nil {
		return page.Reply{}, err
	}
	v := view.Switch{Frame: r.Frame("Your tenants"), Action: r.Site.Root.To("switch"), Search: text,
		Places: r.Places(found.Items)}
	v.Pager = r.Pager(urls.With(v.Action, "q", text), found.NextCursor)
	return page.Show(v)
}

// listSwitch answers the script's search.
func listSwitch(r *page.Request) (page.Reply, error) {
	found, err := r.FindMemberships(r.Query().Get("q"), "", inMenu)
	if err != nil {
		return page.Reply{}, err
	}
	places := r.Places(found.Items)
	if places == nil {
		places = []view.Place{}
	}
	return page.Reply{Module: places}, nil
}
