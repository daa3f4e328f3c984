package httpapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// Options configures [New]. The zero value serves the default tenant to callers with
// an API key.
type Options struct {
	// MultiTenant turns tenancy on. Without it every request is for the tenant
	// [tenancy.DefaultID]: subdomain and X-Tenant-ID are ignored, and a path can name
	// only that tenant.
	MultiTenant bool

	// Resolver finds a request's tenant. Pass the one that the rest of the program
	// uses, so that all parts see a suspended tenant at once. Defaults to a new one
	// with the Clock, the services' ChangeNotifier and otherwise zero
	// [resolve.Options].
	Resolver *resolve.Resolver

	// Authenticate returns the caller of a request: any host's principal, of any kind, whose
	// Roles are the caller's role in each tenant, from the host's own store. If it returns the
	// zero principal and no error, the request has no credentials of the host's: a bearer token
	// is tried. If it returns an error, its principal is ignored; the response to an error with
	// another code than [tenancy.CodeUnauthenticated] has that code. Defaults to the bearer
	// token in the header Authorization (the platform token or an API key) and, without that
	// header, to the cookie of a session. A request with such a cookie that changes
	// something must come from a page of the same host: see [CodeCrossOrigin]. These
	// callers are checked again in the transaction of each write ([tenancy.Right]). Of a
	// caller of Authenticate the store knows nothing: only the tenant's state is checked, and
	// the invitations of one who is no user of the store aren't accepted.
	Authenticate func(*http.Request) (tenancy.Principal, error)

	// Permissions are the host's own, for [API.Protect]: each with the roles that have it. One
	// without roles belongs to super-admins. Their names have a noun and a verb,
	// "notes.publish", and differ from those of [tenancy.Grants]. Defaults to none.
	Permissions []tenancy.Grant

	// Without switches off groups of routes that the host has itself: their paths are unknown,
	// and the OpenAPI document leaves them out. It changes nothing else: API keys and sessions
	// are accepted also without the routes that manage them. Defaults to all routes.
	Without []Group

	// WriteProblem writes an error of the API or of [API.Protect] in the host's format. The
	// status is the problem's, whatever it passes to WriteHeader, and headers that are set
	// already, such as Retry-After and WWW-Authenticate, keep their values. The problem is all
	// that a caller may see of the error. If WriteProblem panics or writes nothing, the
	// response is the library's. The OpenAPI document then leaves the format of errors open.
	// Defaults to RFC 9457.
	WriteProblem func(w http.ResponseWriter, r *http.Request, p Problem)

	// SignIn says how users sign in and how long their sessions last. With Authenticate
	// it isn't used, and its routes don't exist.
	SignIn signin.Options

	// PlatformTokenHash is the SHA-256 of the platform token, which makes its
	// bearer a super-admin. Defaults to no platform token.
	PlatformTokenHash [sha256.Size]byte

	// AdoptedKeys accepts API keys of any form, such as those that the host issued
	// before it used this library. Defaults to only the library's form.
	AdoptedKeys bool

	// Passwords stores the passwords of users. Defaults to those for signing in here;
	// with Authenticate to none: then a request that sets a password is refused.
	Passwords admin.Passwords

	// Prefix is the path under which the host serves all routes, as it is in
	// URLs: "/registry". Defaults to none.
	Prefix string

	// ResourceLimit and BundleLimit are the sizes of the largest accepted bodies, in
	// bytes. They default to 1 MiB and 256 MiB.
	ResourceLimit int64
	BundleLimit   int64

	// BodyTimeout is how long the whole body of a request may take to arrive, BundleTimeout
	// that of an imported bundle, from the moment that its import is allowed. A slower
	// sender gets [CodeRequestTimeout], and the connection is closed. They default to 30
	// seconds and 10 minutes. The time for a request's header is the server's:
	// [http.Server.ReadHeaderTimeout].
	BodyTimeout   time.Duration
	BundleTimeout time.Duration
	// SpoolLimit is the size of the temporary files of all exports and imports in progress,
	// in bytes. One tenant may use a quarter of it. Defaults to 4 GiB.
	SpoolLimit int64

	// Discovery are the lists of the route /api/v1/discovery. Defaults to none.
	Discovery []Discovery

	// Ready returns an error that says why the program can't serve now. /readyz makes
	// one call at a time, and uses a success for one second: its response is at most
	// that old. Defaults to always ready.
	Ready func(context.Context) error

	// Metrics is served at /metrics and needs no credentials. The caller of a request
	// with credentials is in its context ([tenancy.PrincipalFrom]), so that the handler
	// can show more to a super-admin. Defaults to none: the route doesn't exist.
	Metrics http.Handler

	// Observe is called after each request with the code of the problem in the
	// response, "" if there is none. The context has the caller and the tenant if they
	// are known; it has the tenant only if the caller may work in it.
	Observe func(ctx context.Context, code tenancy.Code)

	// AccessLog writes a line for each request: for operations that need no
	// credentials, such as the probes, at [slog.LevelDebug], for all others at
	// [slog.LevelInfo].
	AccessLog bool

	// Logger receives the faults whose cause the response doesn't show. Its records get
	// the attributes that [LogHandler] adds. Defaults to [slog.Default].
	Logger *slog.Logger

	// Clock returns the current time. Defaults to [time.Now].
	Clock func() time.Time

	// Title and Version are those in the OpenAPI document. They default to
	// "Bailiwick" and "1".
	Title   string
	Version string
}

const (
	defaultResourceLimit = 1 << 20
	defaultBundleLimit   = 256 << 20
	defaultBodyTimeout   = 30 * time.Second
	defaultBundleTimeout = 10 * time.Minute
)

// check reports the first invalid field of s or o by its name.
func (o Options) check(s ports.Services) error {
	if err := o.checkServices(s); err != nil {
		return err
	}
	if err := checkWithout(o.Without); err != nil {
		return err
	}
	if err := checkPermissions(o.Permissions); err != nil {
		return err
	}
	if err := o.SignIn.Check(); err != nil {
		return fmt.Errorf("Options.SignIn: %w", err)
	}
	switch {
	case o.ResourceLimit < 0:
		return fmt.Errorf("Options.ResourceLimit %d is negative", o.ResourceLimit)
	case o.BundleLimit < 0:
		return fmt.Errorf("Options.BundleLimit %d is negative", o.BundleLimit)
	case o.BodyTimeout < 0:
		return fmt.Errorf("Options.BodyTimeout %s is negative", o.BodyTimeout)
	case o.BundleTimeout < 0:
		return fmt.Errorf("Options.BundleTimeout %s is negative", o.BundleTimeout)
	case o.SpoolLimit < 0:
		return fmt.Errorf("Options.SpoolLimit %d is negative", o.SpoolLimit)
	case o.Prefix != "" && (o.Prefix[0] != '/' || strings.HasSuffix(o.Prefix, "/") ||
		strings.ContainsAny(o.Prefix, "{} ?#%")):
		return fmt.Errorf("Options.Prefix %q must start with a slash, end without one and be a"+
			" plain path", o.Prefix)
	}
	for _, kind := range s.Kinds.All() {
		if slices.Contains(reservedPaths, kind.Path) {
			return fmt.Errorf("kind %q: Path %q is reserved for a route of the API", kind.Name,
				kind.Path)
		}
	}
	return checkDiscovery(o.Discovery, s.Kinds)
}

// reservedPaths are the paths that no kind may have: those of the API's own routes and
// of planned ones.
var reservedPaths = []string{
	"audit", "discovery", "invitations", "links", "me", "sessions", "tenants", "users",
}

// checkDiscovery reports the first list with an unknown kind, a reserved or repeated
// member, or a secret field.
func checkDiscovery(lists []Discovery, kinds *federation.Kinds) error {
	members := []string{"tenant", "next_cursor"}
	for i, d := range lists {
		kind, ok := kinds.Kind(d.Kind)
		if !ok {
			return fmt.Errorf("Options.Discovery[%d].Kind %q is not declared", i, d.Kind)
		}
		if d.Member == "" || slices.Contains(members, d.Member) {
			return fmt.Errorf("Options.Discovery[%d].Member %q is empty or already used", i,
				d.Member)
		}
		members = append(members, d.Member)
		for _, f := range kind.Fields {
			if f.Secret && slices.Contains(d.Fields, f.Name) {
				return fmt.Errorf("Options.Discovery[%d].Fields contains the secret %q", i, f.Name)
			}
		}
		if slices.Contains(d.Fields, "name") {
			return fmt.Errorf("Options.Discovery[%d].Fields contains name: it is always shown", i)
		}
	}
	return nil
}

// withDefaults fills in the documented defaults, except those that depend on how
// callers are authenticated.
func (o Options) withDefaults(s ports.Services) Options {
	if o.Resolver == nil {
		o.Resolver = resolve.New(s.Tenants,
			resolve.Options{Clock: o.Clock, ChangeNotifier: s.ChangeNotifier})
	}
	if o.ResourceLimit == 0 {
		o.ResourceLimit = defaultResourceLimit
	}
	if o.BundleLimit == 0 {
		o.BundleLimit = defaultBundleLimit
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = defaultBodyTimeout
	}
	if o.BundleTimeout == 0 {
		o.BundleTimeout = defaultBundleTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Logger = withLogHandler(o.Logger)
	if o.Observe == nil {
		o.Observe = func(context.Context, tenancy.Code) {}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Title == "" {
		o.Title = "Bailiwick"
	}
	if o.Version == "" {
		o.Version = "1"
	}
	return o
}
