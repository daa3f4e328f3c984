package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Handler answers the metrics as text. Those of each tenant, and those of the
// process itself, are there only for a super-admin in the request's context
// ([tenancy.WithPrincipal]); httpapi.Options.Metrics puts them there.
func (t *Telemetry) Handler() http.Handler {
	options := promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}
	public := promhttp.HandlerFor(t.public, options)
	all := promhttp.HandlerFor(prometheus.Gatherers{t.public, t.platform}, options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := public
		if p := tenancy.PrincipalFrom(r.Context()); p.SuperAdmin && !p.Anonymous() {
			shown = all
		}
		w.Header().Set("Cache-Control", "no-store") // the next one may be a stranger
		r = r.Clone(r.Context())
		r.Header.Del("Accept") // which might choose another format than text
		shown.ServeHTTP(w, r)
	})
}
