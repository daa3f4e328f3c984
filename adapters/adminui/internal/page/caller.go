package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Caller is the person, and what they may do in the page's tenant.
type Caller struct {
	Kind           string   `json:"kind"`
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Email          string   `json:"email"`
	SuperAdmin     bool     `json:"super_admin"`
	Tenant         Tenant   `json:"tenant"`
	Role           string   `json:"role"`
	Permissions    []string `json:"permissions"`
	ReasonRequired bool     `json:"reason_required"`
}

// Tenant is a tenant as the API shows it.
type Tenant struct {
	ID        string         `json:"id"`
	Slug      string         `json:"slug"`
	Name      string         `json:"name"`
	State     string         `json:"state"`
	Settings  map[string]any `json:"settings"`
	Version   int64          `json:"version"`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
	DeletedAt time.Time      `json:"deleted_at"`
}

// May reports whether the person may use a permission in the page's tenant. It decides what
// is shown; whether something is done, the API decides.
func (c Caller) May(permission string) bool { return slices.Contains(c.Permissions, permission) }

// Person returns the name to show.
func (c Caller) Person() string {
	for _, name := range []string{c.Name, c.Email, c.ID} {
		if name != "" {
			return name
		}
	}
	return c.Kind
}

// Visiting reports whether the person is a super-admin without a role in the tenant.
func (c Caller) Visiting() bool { return c.SuperAdmin && c.Role == "" && c.Tenant.ID != "" }

// identify finds out who calls and, for a tenant's page, what they may do in it.
func (r *Request) identify() error {
	switch r.Route.Access {
	case Anyone:
		return nil
	case SignedIn:
		return r.API.Get(r.Context(), "/me", meQuery, &r.Caller)
	}
	slug := r.PathValue("tenant")
	if !r.Site.MultiTenant && slug != "default" {
		return errNoTenant
	}
	r.API = r.API.For(r.tenantHeader(slug), r.visitReason())
	r.URLs = r.Site.Root.Tenant(slug)
	err := r.API.Get(r.Context(), TenantPath(slug, "me"), nil, &r.Caller)
	if err == nil && r.Method == http.MethodPost && slug != r.Slug() {
		return errOtherTenant
	}
	return err
}

// meQuery asks for the caller alone: a person may have very many memberships.
var meQuery = url.Values{"memberships": {"false"}}

// tenantHeader returns the tenant for the header of the API's calls. With tenancy off it reads
// none.
func (r *Request) tenantHeader(slug string) string {
	if !r.Site.MultiTenant {
		return ""
	}
	return slug
}

// The cookie with the reason of a super-admin's visit. Its path is the tenant's, so that a
// reason is sent for this tenant alone.
const visitCookie = "bailiwick-visit"

// visitReason returns the reason that the person gave for visiting the tenant.
func (r *Request) visitReason() string {
	cookies := r.CookiesNamed(visitCookie)
	if len(cookies) != 1 {
		return ""
	}
	reason, err := url.QueryUnescape(cookies[0].Value)
	if err != nil || !IsReason(reason) {
		return ""
	}
	return reason
}

// IsReason reports whether the API takes text as a reason: one line of 1 to 256 characters.
func IsReason(text string) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= 256 &&
		!strings.ContainsFunc(text, unicode.IsControl)
}

// VisitCookie returns the cookie that keeps the reason of a visit until the browser is
// closed.
func (r *Request) VisitCookie(reason string) *http.Cookie {
	return &http.Cookie{Name: visitCookie, Value: url.QueryEscape(reason), Path: string(r.URLs),
		HttpOnly: true, Secure: r.secure(), SameSite: http.SameSiteLaxMode}
}

// The cookie with the slug of the last tenant.
const lastCookie = "bailiwick-tenant"

// LastTenant returns the slug of the tenant that the person saw last; it may be anything.
func (r *Request) LastTenant() string {
	cookies := r.CookiesNamed(lastCookie)
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

// lastTenantCookie returns the cookie that keeps the tenant of this page.
func (r *Request) lastTenantCookie() *http.Cookie {
	return &http.Cookie{Name: lastCookie, Value: r.Slug(), Path: string(r.Site.Root), MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: r.secure(), SameSite: http.SameSiteLaxMode}
}
