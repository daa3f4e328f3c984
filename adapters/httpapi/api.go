package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// api is what the handlers share.
type api struct {
	services     ports.Services
	multiTenant  bool
	tenants      *resolve.Resolver
	authenticate func(*http.Request) (tenancy.Principal, error)
	admin        *admin.Service
	promote      *promote.Service
	limits       *limits

	prefix        string
	resourceLimit int64
	bundleLimit   int64
	discovery     []Discovery
	ready         *readiness
	metrics       http.Handler // nil: none
	observe       func(context.Context, tenancy.Code)
	accessLog     bool
	log           *slog.Logger
	told          telling

	title           string
	version         string
	openapiDocument []byte
}

// New makes the handler of the whole API over s. Services or options that can't
// work are faults of the program: New panics and names them.
func New(s ports.Services, o Options) http.Handler {
	if err := o.check(s); err != nil {
		panic("httpapi.New: " + err.Error())
	}
	o = o.withDefaults(s)
	a := &api{
		services: s, multiTenant: o.MultiTenant, tenants: o.Resolver, authenticate: o.Authenticate,
		promote: promote.New(s),
		limits:  newLimits(o.Clock),
		admin:   admin.New(s, admin.Options{PlatformTokenHash: o.PlatformTokenHash, AdoptedKeys: o.AdoptedKeys, Passwords: o.Passwords, Clock: o.Clock}),

		prefix: o.Prefix, resourceLimit: o.ResourceLimit, bundleLimit: o.BundleLimit,
		discovery: o.Discovery, ready: newReadiness(o), metrics: o.Metrics, observe: o.Observe, accessLog: o.AccessLog,
		log: o.Logger, told: telling{now: o.Clock}, title: o.Title, version: o.Version,
	}
	if a.authenticate == nil {
		a.authenticate = a.bearer
	}
	return a.handler()
}

// handler makes the router and the document, both from the same operations.
func (a *api) handler() http.Handler {
	rt := &router{log: a.log}
	ops := a.operations()
	for _, op := range ops {
		rt.handle(op.method, a.prefix+op.path, a.serve(op))
	}
	var err error
	if a.openapiDocument, err = a.document(ops); err != nil {
		panic("httpapi.New: the OpenAPI document: " + err.Error())
	}
	return a.guard(rt)
}
