package platform

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// action changes the state of a tenant.
type action struct {
	name         string // in the path
	title        string
	question     func(name string) string
	consequences []string
	danger       bool
	call         apicall.Call // its path is below the tenant's
	notice       string
}

var suspend = action{
	name: "suspend", title: "Suspend the tenant",
	question: func(name string) string { return "Suspend " + name + "?" },
	consequences: []string{"Its members and API keys are refused from now on.",
		"Its data stays as it is, and super-admins can activate it again."},
	call: apicall.Call{Method: http.MethodPut,
		Body: map[string]string{"state": string(tenancy.Suspended)}},
	notice: "suspended",
}

var activate = action{
	name: "activate", title: "Activate the tenant",
	question:     func(name string) string { return "Activate " + name + " again?" },
	consequences: []string{"Its members and API keys can work again from now on."},
	call: apicall.Call{Method: http.MethodPut,
		Body: map[string]string{"state": string(tenancy.Active)}},
	notice: "activated",
}

var remove = action{
	name: "delete", title: "Delete the tenant", danger: true,
	question: func(name string) string { return "Delete " + name + "?" },
	consequences: []string{
		"Its API keys stop working at once, and its members don’t see it any more.",
		"Its data is kept: you can restore the tenant until it is purged.",
		"Its slug stays taken."},
	call:   apicall.Call{Method: http.MethodDelete},
	notice: "deleted",
}

var restore = action{
	name: "restore", title: "Restore the tenant",
	question: func(name string) string { return "Restore " + name + "?" },
	consequences: []string{"The tenant is active again, with its data, members and API keys as they" +
		" were."},
	call:   apicall.Call{Method: http.MethodPost, Path: "/restore"},
	notice: "restored",
}

// stateInWords says what a state means.
var stateInWords = map[string]string{
	string(tenancy.Active):    "active",
	string(tenancy.Suspended): "suspended: its members and keys are refused",
	string(tenancy.Deleted):   "deleted: its data is kept until it is purged",
}

// actionsOf returns the links of what can be done in the tenant's state.
func actionsOf(r *page.Request, t managed) []view.Link {
	var links []view.Link
	add := func(text, action string) {
		links = append(links, view.Link{Text: text,
			Href: urls.With(t.path+"/"+action, "back", r.Here())})
	}
	switch t.State {
	case string(tenancy.Active):
		add("Suspend", "suspend")
	case string(tenancy.Suspended):
		add("Activate", "activate")
	case string(tenancy.Deleted):
		add("Restore", "restore")
		add("Purge", "purge")
		return links
	}
	if t.Slug != string(tenancy.DefaultSlug) {
		add("Delete", "delete")
	}
	return links
}

// deleted reports whether the tenant's data is kept only until it is purged.
func (t managed) deleted() bool { return t.State == string(tenancy.Deleted) }

// asks returns the handler of the page that asks before an action.
func asks(a action) handler {
	return func(r *page.Request) (page.Reply, error) {
		t, err := readTenant(r)
		if err != nil {
			return page.Reply{}, err
		}
		return page.Show(a.confirm(r, t))
	}
}

func (a action) confirm(r *page.Request, t managed) view.Confirm {
	f := r.NewForm(t.path+"/"+a.name, a.title, t.reasonFields(r)...)
	f.Danger, f.Cancel, f.Hidden = a.danger, r.Back(t.path), []view.Hidden{r.BackField(t.path)}
	return view.Confirm{Frame: t.frame(r, a.title), Question: a.question(t.Name),
		Consequences: a.consequences, Form: f}
}

// reasonPointer names the field for a reason by the code of the problem that asks for one.
var reasonPointer = map[string]string{"reason_required": "reason"}

// does returns the handler of an action's form.
func does(a action) handler {
	return func(r *page.Request) (page.Reply, error) {
		t, err := readTenant(r)
		if err != nil {
			return page.Reply{}, err
		}
		c := a.call
		c.Path = apiPath(r) + c.Path
		if err := call(r.Context(), r, c); err != nil {
			v := a.confirm(r, t)
			return refused(err, &v, &v.Form, reasonPointer)
		}
		return page.Go(page.Done(r.Back(t.path), a.notice))
	}
}
