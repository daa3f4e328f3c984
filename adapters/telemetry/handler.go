package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Handler serves the metrics as text. It includes the metrics of each tenant and
// of the process only if the request's context has a super-admin
// ([tenancy.WithPrincipal]); httpapi.Options.Metrics adds the caller to the context.
func (t *Telemetry) Handler() http.Handler {
	options := promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}
	public := promhttp.HandlerFor(t.public, options)
	all := promhttp.HandlerFor(prometheus.Gatherers{t.public, t.platform}, options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := public
		if p := tenancy.PrincipalFrom(r.Context()); p.SuperAdmin && !p.Anonymous() {
			shown = all
		}
		w.Header().Set("Cache-Control", "no-store") // the next caller may see less
		r = r.Clone(r.Context())
		r.Header.Del("Accept") // it could select another format than text
		shown.ServeHTTP(w, r)
	})
}
