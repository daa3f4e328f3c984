// Package page has what all pages share: who calls, the frame around the content, forms,
// refusals, and the headers of every answer.
package page

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Site is the same for every request.
type Site struct {
	API         http.Handler
	APIPrefix   string // of the API's paths
	Root        urls.Root
	Kinds       *federation.Kinds
	MultiTenant bool
	Title       string
	SignIn      string // the path of a host's page to sign in; empty: the pages have one
	SignOut     string // of a host's form to sign out; empty: the pages have one
	// Outside returns what the browser asked for. Defaults to the request's own.
	Outside     func(*http.Request) (host string, secure bool)
	Serves      func(operation string) bool
	Log         *slog.Logger
	Now         func() time.Time
	FormTimeout time.Duration // within which a form without a file must arrive; defaults to 30 s
}

// Access says who may see a page.
type Access int

// The kinds of access.
const (
	Anyone   Access = iota // also without signing in
	SignedIn               // the API checks the rest
	InTenant               // the path names a tenant, in which the person may read something
)

// Route is a page, or what a form does.
type Route struct {
	Method string // defaults to GET
	Path   string // below the root: "/t/{tenant}/members"
	Access Access
	// Fields are the fields that a form may have, with the tenant; others are refused. A
	// name that ends with a dot is a prefix.
	Fields []string
	// Secret reports whether a form has a secret in a field that is kept otherwise. Such a
	// form isn't kept while the person signs in again; nil: it never has.
	Secret func(Form) bool
	// Limit is the longest form that is read, in bytes. Defaults to 4 MiB.
	Limit int64
	// Uploads says that the handler reads the body, a form with a file.
	Uploads bool
	Handle  func(*Request) (Reply, error)
}

// Reply is what a handler answers. Exactly one of View, Redirect, Module and Stream is set.
type Reply struct {
	Status   int // defaults to 200, of a redirect to 303
	View     view.Model
	Redirect string // the path to go to
	// Module is a value for the pages' script, which imports it: the pages' policy allows
	// scripts of this host, and no other requests of a script.
	Module  any
	Stream  func(w http.ResponseWriter) error
	Cookies []*http.Cookie
}

// Show is the reply with a view.
func Show(m view.Model) (Reply, error) { return Reply{View: m}, nil }

// Refused is the reply with a form that was refused.
func Refused(status int, m view.Model) (Reply, error) { return Reply{Status: status, View: m}, nil }

// Go is the reply that leads to another page.
func Go(path string) (Reply, error) { return Reply{Redirect: path}, nil }

// Request is the request of a page with what was found out about it.
type Request struct {
	*http.Request
	Site   *Site
	Route  Route
	API    *apicall.Client
	Caller Caller
	Form   Form        // of a POST
	URLs   urls.Tenant // of the tenant's pages
	reply  http.ResponseWriter
}

// Writer returns where a handler that streams writes to; others return a [Reply].
func (r *Request) Writer() http.ResponseWriter { return r.reply }

// Slug returns the slug of the page's tenant.
func (r *Request) Slug() string { return r.Caller.Tenant.Slug }

// TenantPath returns the API's path of a tenant, or of something of it.
func TenantPath(slug string, segments ...string) string {
	return urls.Join(urls.Join("/tenants", slug), segments...)
}

// APIPath returns the API's path of the page's tenant, or of something of it.
func (r *Request) APIPath(segments ...string) string { return TenantPath(r.Slug(), segments...) }

// Outside begins the path of a route that isn't below the root: "!/invitations/accept".
const Outside = "!"
