// Package telemetry observes a service: metrics for Prometheus, traces for
// OpenTelemetry.
//
//	observed := telemetry.New(telemetry.Options{TracerProvider: provider})
//	db, err := postgres.Open(ctx, postgres.Options{QueryHooks: observed.QueryHooks(), …})
//	tenants := resolve.New(db.Tenants(), resolve.Options{})
//	observed.Pools(db.PoolStats)
//	observed.Resolution(tenants.Stats)
//	api := httpapi.New(db.Services(), httpapi.Options{Resolver: tenants,
//		Metrics: observed.Handler(), Observe: observed.Observe})
//	err = http.ListenAndServe(addr, observed.Middleware(api))
//
// A text that a caller chooses never becomes a label. Routes are patterns, methods
// are the known ones, and tenants are those in which an authenticated caller works.
// Routes, problem codes and tenants have a limit; further values are counted as
// "other".
//
// Metrics of a single tenant are only for super-admins. Traces contain no paths,
// no query strings, and no values of statements or errors.
package telemetry
