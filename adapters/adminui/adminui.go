package adminui

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/account"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/auditlog"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/overview"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/people"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/platform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/resources"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/settings"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/start"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/transfer"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/internal/router"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Options configures [New]. The zero value serves the pages under /admin, with tenancy off.
type Options struct {
	// MultiTenant says that tenancy is on, as for the API. Without it the pages are those of
	// the default tenant, and nothing can be switched.
	MultiTenant bool

	// Prefix is the path under which the host serves the pages, as it is in URLs. Browsers
	// send the cookie of a session only to paths below the API's prefix, so that the pages'
	// prefix must be below it too. Defaults to "/admin".
	Prefix string

	// APIPrefix is the prefix of the API's paths. Defaults to none.
	APIPrefix string

	// Title is the name of the installation, shown on each page. Defaults to "Bailiwick".
	Title string

	// SignIn is the path of the host's page to sign in, if the API has no sessions because
	// the host authenticates callers itself. The pages add the parameter return_to, the path
	// to come back to. SignOut is the path of the host's form to sign out; it gets a POST.
	SignIn  string
	SignOut string

	// Outside returns the host that the browser asked for and whether it used TLS, for a host
	// whose proxies change them: those of [resolve.Resolver.FromRequest] and
	// [resolve.Resolver.Secure]. Defaults to the request's own.
	Outside func(*http.Request) (host string, secure bool)

	// Logger receives the faults that the pages don't show. Defaults to [slog.Default].
	Logger *slog.Logger

	// Clock returns the current time. Defaults to [time.Now].
	Clock func() time.Time
}

// New returns the handler of all pages over api, the handler of the HTTP API, whose kinds
// are given. The pages call it in the same process with the headers of the browser's request:
// who calls, what they may do, and what the audit log says of it is decided by the API. Pages
// whose routes the API doesn't serve aren't shown. Invalid options and an API that doesn't
// describe itself are faults of the program: New panics. So is a kind whose path is the one of
// another page of a tenant, such as "members".
func New(api http.Handler, kinds *federation.Kinds, o Options) http.Handler {
	o, err := o.withDefaults()
	if err != nil {
		panic("adminui.New: " + err.Error())
	}
	if err := checkKinds(kinds); err != nil {
		panic("adminui.New: " + err.Error())
	}
	operations, err := operationsOf(api, o.APIPrefix)
	if err != nil {
		panic("adminui.New: " + err.Error())
	}
	site := &page.Site{
		API: api, APIPrefix: o.APIPrefix, Root: urls.Root(o.Prefix), Kinds: kinds,
		MultiTenant: o.MultiTenant, Title: o.Title, SignIn: o.SignIn, SignOut: o.SignOut,
		Outside: o.Outside,
		Serves:  func(operation string) bool { return operations[operation] },
		Log:     o.Logger, Now: o.Clock,
	}
	rt := &router.Router{NotFound: site.NotFoundHandler(), MethodNotAllowed: site.MethodNotAllowed}
	for _, route := range routes(site) {
		method := route.Method
		if method == "" {
			method = http.MethodGet
		}
		path := string(site.Root) + route.Path
		if elsewhere, ok := strings.CutPrefix(route.Path, page.Outside); ok {
			path = elsewhere
		}
		rt.Handle(method, path, site.Handler(route))
	}
	return rt
}

// routes returns all pages of a site.
func routes(s *page.Site) []page.Route {
	return slices.Concat(
		start.Routes(s),
		account.Routes(s),
		overview.Routes(s),
		settings.Routes(s),
		platform.Routes(s),
		auditlog.Routes(s),
		transfer.Routes(s),
		resources.Routes(s),
		people.Routes(s),
	)
}

// withDefaults fills in the documented defaults and reports the first invalid option.
func (o Options) withDefaults() (Options, error) {
	if o.Prefix == "" {
		o.Prefix = "/admin"
	}
	for name, prefix := range map[string]string{
		"Options.Prefix": o.Prefix, "Options.APIPrefix": o.APIPrefix,
	} {
		if prefix != "" && (prefix[0] != '/' || strings.HasSuffix(prefix, "/") ||
			strings.ContainsAny(prefix, "{} ?#%")) {
			return o, fmt.Errorf("%s %q must start with a slash, end without one and be a plain path",
				name, prefix)
		}
	}
	if o.Title == "" {
		o.Title = "Bailiwick"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o, nil
}

// reserved are the paths of a tenant's pages that no kind may have.
var reserved = []string{"audit", "federation", "invitations", "keys", "members", "pick",
	"promotion", "secrets", "settings", "visit"}

// checkKinds reports the first kind with the path of another page.
func checkKinds(kinds *federation.Kinds) error {
	for _, kind := range kinds.All() {
		if slices.Contains(reserved, kind.Path) {
			return fmt.Errorf("kind %q: Path %q is the one of a page: give the kind another Path",
				kind.Name, kind.Path)
		}
	}
	return nil
}

// operationsOf returns the ids of the operations that the API serves, from its OpenAPI
// document.
func operationsOf(api http.Handler, prefix string) (map[string]bool, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	if err != nil {
		return nil, err
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	client := apicall.New(api, prefix, req)
	if err := client.Get(req.Context(), "/openapi.json", nil, &document); err != nil {
		return nil, fmt.Errorf("the API doesn't describe itself under %q: %w", prefix, err)
	}
	operations := map[string]bool{}
	for _, methods := range document.Paths {
		for _, described := range methods {
			if id := operationID(described); id != "" {
				operations[id] = true
			}
		}
	}
	return operations, nil
}

// operationID returns the id of an operation. A member of a path that isn't an operation has
// none.
func operationID(described json.RawMessage) string {
	var operation struct {
		ID string `json:"operationId"`
	}
	if json.Unmarshal(described, &operation) != nil {
		return ""
	}
	return operation.ID
}
