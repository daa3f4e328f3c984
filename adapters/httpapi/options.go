package httpapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
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

// Options says how [New] serves. The zero value serves the default tenant, to
// callers with an API key.
type Options struct {
	// MultiTenant turns tenancy on. Without it every request is for the tenant
	// [tenancy.DefaultID]: subdomain and X-Tenant-ID are not looked at, and the
	// only tenant that a path can name is that one.
	MultiTenant bool

	// Resolver finds a request's tenant. Give the one that the rest of the
	// program uses, so that all see a suspended tenant at once. Defaults to a
	// new one with the services' ChangeNotifier and else zero [resolve.Options].
	Resolver *resolve.Resolver

	// Authenticate finds who calls. What it answers beside an error is not
	// looked at; an error with another code than [tenancy.CodeUnauthenticated]
	// is answered as what it is. Defaults to the bearer token of the header
	// Authorization, the platform token or an API key, and without that header to
	// the cookie of a session. A request with such a cookie that changes something
	// must come from a page of the host that it asks for: see [CodeCrossOrigin].
	Authenticate func(*http.Request) (tenancy.Principal, error)

	// SignIn says how people sign in and how long that lasts. It is of no use with
	// Authenticate, and there are no routes for it then.
	SignIn signin.Options

	// PlatformTokenHash is the SHA-256 of the platform token, which makes its
	// bearer a super-admin. Defaults to none: nobody is one.
	PlatformTokenHash [sha256.Size]byte

	// AdoptedKeys lets in API keys of any form: those of a version that came
	// before this library. Defaults to the library's own.
	AdoptedKeys bool

	// Passwords keeps the passwords that users are given. Defaults to those by which
	// they sign in here; with Authenticate to none, and to give one is refused.
	Passwords admin.Passwords

	// Prefix is the path under which a host serves everything, as it is in
	// URLs: "/registry". Defaults to none.
	Prefix string

	// ResourceLimit and BundleLimit are the largest bodies that are read, in
	// bytes. They default to 1 MiB and 256 MiB.
	ResourceLimit int64
	BundleLimit   int64

	// Discovery are the lists of the route /api/v1/discovery. Defaults to none.
	Discovery []Discovery

	// Ready reports why the program can't serve now. /readyz asks it, once at a
	// time, and for a second behind a call that found nothing it answers without
	// one: what it says of a program that serves is at most so old. Defaults to
	// always ready.
	Ready func(context.Context) error

	// Metrics is served at /metrics to everybody. A caller who sends credentials
	// stands in its context ([tenancy.PrincipalFrom]), so that it can show more
	// to a super-admin. Defaults to none: there is no such route.
	Metrics http.Handler

	// Observe hears of each request when it is over, and of the code of the
	// problem it was answered with, "" if there was none. The context has the
	// caller and the tenant as far as they were found: the tenant only of a
	// caller who may work there.
	Observe func(ctx context.Context, code tenancy.Code)

	// AccessLog writes a line of each request: what is asked without
	// credentials, like the probes, as [slog.LevelDebug], all else as
	// [slog.LevelInfo].
	AccessLog bool

	// Logger gets the faults whose cause isn't shown. Its records get what
	// [LogHandler] adds. Defaults to [slog.Default].
	Logger *slog.Logger

	// Clock tells the time. Defaults to [time.Now].
	Clock func() time.Time

	// Title and Version stand in the OpenAPI document. They default to
	// "Bailiwick" and "1".
	Title   string
	Version string
}

const (
	defaultResourceLimit = 1 << 20
	defaultBundleLimit   = 256 << 20
)

// check reports the first thing in s or o that can't work, by its name.
func (o Options) check(s ports.Services) error {
	if err := checkPorts(s); err != nil {
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
	case o.Prefix != "" && (o.Prefix[0] != '/' || strings.HasSuffix(o.Prefix, "/") ||
		strings.ContainsAny(o.Prefix, "{} ?#%")):
		return fmt.Errorf("Options.Prefix %q must begin with a slash, end without one and be a"+
			" plain path", o.Prefix)
	}
	for _, kind := range s.Kinds.All() {
		if slices.Contains(reservedPaths, kind.Path) {
			return fmt.Errorf("kind %q: Path %q is a route of the API itself", kind.Name, kind.Path)
		}
	}
	return checkDiscovery(o.Discovery, s.Kinds)
}

// checkPorts reports the first of the services that is missing. Without
// announcements everything works, by the lifetimes of what is remembered.
func checkPorts(s ports.Services) error {
	given := reflect.ValueOf(s)
	for i, field := range slices.Collect(given.Type().Fields()) {
		switch v := given.Field(i); v.Kind() {
		case reflect.Interface, reflect.Pointer:
			if v.IsNil() && field.Name != "ChangeNotifier" {
				return fmt.Errorf("port Services.%s is nil", field.Name)
			}
		}
	}
	return nil
}

// reservedPaths are the routes beside which the kinds stand. Later ones are kept
// free too.
var reservedPaths = []string{"audit", "discovery", "invitations", "links", "me", "sessions", "tenants",
	"users"}

func checkDiscovery(lists []Discovery, kinds *federation.Kinds) error {
	members := []string{"tenant", "next_cursor"}
	for i, d := range lists {
		kind, ok := kinds.Kind(d.Kind)
		if !ok {
			return fmt.Errorf("Options.Discovery[%d].Kind %q is not declared", i, d.Kind)
		}
		if d.Member == "" || slices.Contains(members, d.Member) {
			return fmt.Errorf("Options.Discovery[%d].Member %q is empty or taken", i, d.Member)
		}
		members = append(members, d.Member)
		for _, f := range kind.Fields {
			if f.Secret && slices.Contains(d.Fields, f.Name) {
				return fmt.Errorf("Options.Discovery[%d].Fields shows the secret %q", i, f.Name)
			}
		}
		if slices.Contains(d.Fields, "name") {
			return fmt.Errorf("Options.Discovery[%d].Fields has the name, which is always shown", i)
		}
	}
	return nil
}

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
