package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// policy lets a page load its style, script and icon, and nothing else (Content Security
// Policy Level 3).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';" +
	" form-action 'self'; frame-ancestors 'none'; base-uri 'none';" +
	" require-trusted-types-for 'script'"

// Handler returns the handler of a route.
func (s *Site) Handler(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, route)
	})
}

// serve answers a request: it finds out who calls, reads the form, and writes the page.
func (s *Site) serve(w http.ResponseWriter, req *http.Request, route Route) {
	headers(w.Header())
	r := &Request{Request: req, Site: s, Route: route, reply: w,
		API: apicall.New(s.API, s.APIPrefix, req)}
	defer r.recoverPanic()
	reply, err := r.handle()
	if err != nil {
		reply = r.refuse(err)
	}
	if err := r.write(w, reply); err != nil {
		s.Log.ErrorContext(req.Context(), "a page failed", "error", err, "path", req.URL.Path)
		http.Error(w, "Something went wrong on the server.", http.StatusInternalServerError)
	}
}

// handle does everything before and in the route's handler. The form is read before the
// caller is known, so that a form whose session has ended can be kept; nothing in it is
// believed.
func (r *Request) handle() (Reply, error) {
	if err := r.readForm(); err != nil {
		return Reply{}, err
	}
	if err := r.identify(); err != nil {
		return Reply{}, err
	}
	if canonical := r.canonical(); canonical != "" {
		return Go(canonical)
	}
	return r.Route.Handle(r)
}

// canonical returns the path of the page under the slug of its tenant, if the tenant's id is
// in the path of a GET; else "".
func (r *Request) canonical() string {
	if r.Route.Access != InTenant || r.PathValue("tenant") == r.Slug() {
		return ""
	}
	old := r.Site.Root.Tenant(r.PathValue("tenant"))
	rest := r.URL.RequestURI()[min(len(string(old)), len(r.URL.RequestURI())):]
	return string(r.Site.Root.Tenant(r.Slug())) + rest
}

// headers sets those of every page.
func headers(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Vary", "Cookie, Authorization")
}

// write writes the reply with the cookies that the API and the pages set.
func (r *Request) write(w http.ResponseWriter, reply Reply) error {
	for _, set := range r.API.Cookies() {
		w.Header().Add("Set-Cookie", set)
	}
	for _, c := range reply.Cookies {
		http.SetCookie(w, c)
	}
	if r.Slug() != "" && r.Site.MultiTenant && r.LastTenant() != r.Slug() {
		http.SetCookie(w, r.lastTenantCookie())
	}
	switch {
	case reply.Redirect != "":
		w.Header().Set("Location", reply.Redirect)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	case reply.Stream != nil:
		return r.stream(w, reply)
	case reply.Module != nil:
		return r.writeModule(w, reply.Module)
	}
	return r.writeView(w, reply)
}

// stream lets the reply write; a refusal before the first byte becomes its page.
func (r *Request) stream(w http.ResponseWriter, reply Reply) error {
	err := reply.Stream(w)
	if err == nil {
		return nil
	}
	if instead, ok := errors.AsType[*otherReply](err); ok {
		return r.writeView(w, instead.reply)
	}
	return r.writeView(w, r.refuse(err))
}

// otherReply is the error of a stream that didn't begin, with the page to show instead.
type otherReply struct{ reply Reply }

func (*otherReply) Error() string { return "page: another reply is shown" }

// Instead is the error with which a stream that hasn't begun is replaced by a page.
func Instead(reply Reply) error { return &otherReply{reply} }

// writeView writes a page.
func (r *Request) writeView(w http.ResponseWriter, reply Reply) error {
	if reply.View == nil {
		return r.write(w, reply)
	}
	body, err := view.Render(reply.View)
	if err != nil {
		return err
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	r.WriteBody(w, reply.Status, "text/html; charset=utf-8", body)
	return nil
}

// writeModule writes a value as a JavaScript module: JSON is a part of JavaScript. A page of
// another site can't read it: as a plain script, its first word is a syntax error, and
// browsers load modules of other sites without cookies.
func (r *Request) writeModule(w http.ResponseWriter, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	r.WriteBody(w, http.StatusOK, "text/javascript; charset=utf-8",
		append([]byte("export default "), text...))
	return nil
}

// recoverPanic logs a panic and closes the connection, so that no half of a page is taken
// for a whole one.
func (r *Request) recoverPanic() {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler {
		r.Site.Log.ErrorContext(r.Context(), "a page panicked", "path", r.URL.Path,
			"error", fmt.Errorf("%v\n%s", cause, debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// NotFoundHandler answers an address that no page has.
func (s *Site) NotFoundHandler() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, Route{Handle: func(*Request) (Reply, error) { return Reply{}, errNoPage }})
	}
}

// MethodNotAllowed answers a method that an address doesn't have. The header Allow is set
// already.
func (s *Site) MethodNotAllowed(w http.ResponseWriter, r *http.Request, _ string) {
	s.serve(w, r, Route{Handle: func(*Request) (Reply, error) { return Reply{}, errMethod }})
}

// Query returns the parameters of the page's address.
func (r *Request) Query() url.Values { return r.URL.Query() }
