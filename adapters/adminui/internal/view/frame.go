// Package view holds what the pages show: their models, which are plain structs, the
// templates, the style and the script.
package view

import "time"

// Model is what a page shows. Each model has a [Frame], and its template's name.
type Model interface {
	Template() string // such as "members.html"
	frame() Frame
}

// Frame is what every page has around its content.
type Frame struct {
	Title string // of the page: its heading, and the first words of the window's title
	Site  string // the name of the installation

	Home    string  // the path of the start page
	SignOut string  // of the form to sign out; empty: there is none
	Account string  // of the person's account; empty: there is none
	Assets  Assets  // of the style and the script
	Person  string  // who is signed in; empty: no one
	Tenant  *Tenant // of the page; nil: the page belongs to none

	Switcher *Switcher // nil: there is nothing to switch to
	Nav      []NavGroup
	Trail    []Link  // from the overview to the page, without the page itself
	Notice   *Notice // what a write has done; nil: nothing was written
}

func (f Frame) frame() Frame { return f }

// Assets are the paths of the style and the script.
type Assets struct{ Style, Script, Icon string }

// Link is a link with its text.
type Link struct{ Text, Href string }

// NavGroup is a part of the navigation.
type NavGroup struct {
	Name  string // empty: the group has no heading
	Items []NavItem
}

// NavItem is a link of the navigation.
type NavItem struct {
	Link
	Current bool // the page is this one, or below it
}

// Tenant is the tenant of a page.
type Tenant struct {
	Slug, Name string
	Role       string // of the person; empty: they are a visiting super-admin
	State      string // active, suspended or deleted
	Only       bool   // tenancy is off: there is no other tenant
	Visit      *Visit // nil: the person is a member
}

// Visit is a super-admin's visit in a tenant of which they aren't a member.
type Visit struct {
	Reason string // empty: none was given
	Form   string // the path of the form that sets the reason; empty: the page has one already
}

// Switcher is the menu of the person's tenants.
type Switcher struct {
	Page    string // the path of the full page with all of them, which also searches
	Search  string // the path of the module with what a search finds, for the script
	Tenants []Place
	All     string // the path of the page of all tenants, for super-admins; empty: none
}

// Place is a tenant that the person can switch to.
type Place struct {
	Slug    string `json:"slug"`
	Name    string `json:"name"`
	Role    string `json:"role"`
	State   string `json:"state"`
	Href    string `json:"href"`
	Current bool   `json:"current"`
}

// Notice is what a write has done.
type Notice struct {
	Text string
	Link *Link // to what was written; nil: none
}

// Pager has the links to the other pages of a list. An empty one leads nowhere.
type Pager struct {
	First, Next string
}

// Time is a moment. The zero Time is shown as never.
type Time = time.Time

// Fact is a name and a value.
type Fact struct{ Name, Value string }
