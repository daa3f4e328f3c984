// Package telemetry tells what a service does: metrics for Prometheus, traces
// for OpenTelemetry.
//
//	seen := telemetry.New(telemetry.Options{TracerProvider: provider})
//	db, err := postgres.Open(ctx, postgres.Options{QueryHooks: seen.QueryHooks(), …})
//	tenants := resolve.New(db.Tenants(), resolve.Options{})
//	seen.Pools(db.PoolStats)
//	seen.Resolution(tenants.Stats)
//	api := httpapi.New(db.Services(), httpapi.Options{Resolver: tenants, Metrics: seen.Handler(), Observe: seen.Observe})
//	err = http.ListenAndServe(addr, seen.Middleware(api))
//
// What a caller can choose never becomes a label: routes are patterns, methods
// the known ones, tenants those that an authenticated caller works in, and of
// each of them there is a limit, behind which all are "other".
//
// Strangers are shown no figure of a single tenant. Traces carry neither paths,
// nor query strings, nor a value of a statement or of an error.
package telemetry
