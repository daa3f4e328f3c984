package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Options configures [New]. The zero Options give metrics, but no traces.
type Options struct {
	// TracerProvider makes the spans. The caller of New must export them and shut
	// the provider down. Defaults to none.
	TracerProvider trace.TracerProvider

	// MaxTenants is the number of tenants with separate metrics. All further
	// tenants are counted as "other". Defaults to 100.
	MaxTenants int
}

const (
	defaultMaxTenants = 100
	maxRoutes         = 500
	maxCodes          = 100
)

// Telemetry keeps the metrics of one process. [New] returns one. It is safe for
// concurrent use and needs no Close.
type Telemetry struct {
	public   *prometheus.Registry // metrics for every caller
	platform *prometheus.Registry // further metrics, for super-admins only

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	refusals  *prometheus.CounterVec

	tenantRequests *prometheus.CounterVec
	tenantSeconds  *prometheus.CounterVec

	routes  labelLimit[string]
	codes   labelLimit[tenancy.Code]
	tenants labelLimit[tenancy.ID]

	traces trace.TracerProvider // nil without traces
	tracer trace.Tracer
}

const tracerName = "github.com/bailiwick-go/bailiwick/adapters/telemetry"

// New returns a Telemetry. It panics if o.MaxTenants is negative.
func New(o Options) *Telemetry {
	if o.MaxTenants < 0 {
		panic("telemetry.New: Options.MaxTenants is negative")
	}
	if o.MaxTenants == 0 {
		o.MaxTenants = defaultMaxTenants
	}
	t := &Telemetry{
		public: prometheus.NewRegistry(), platform: prometheus.NewRegistry(),
		routes:  labelLimit[string]{limit: maxRoutes},
		codes:   labelLimit[tenancy.Code]{limit: maxCodes},
		tenants: labelLimit[tenancy.ID]{limit: o.MaxTenants},
		traces:  o.TracerProvider, tracer: noop.NewTracerProvider().Tracer(tracerName),
	}
	if t.traces != nil {
		t.tracer = t.traces.Tracer(tracerName)
	}
	t.registerMetrics()
	return t
}

// registerMetrics creates and registers the metrics of requests and of the process.
func (t *Telemetry) registerMetrics() {
	t.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bailiwick_http_requests_total",
		Help: "Answered requests by the pattern of their route.",
	}, []string{"route", "method", "status"})
	t.durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "bailiwick_http_request_duration_seconds",
		Help:    "Duration of requests until the handler returned.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"route", "method"})
	t.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bailiwick_http_requests_in_flight", Help: "Requests in progress.",
	})
	t.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bailiwick_http_refusals_total",
		Help: "Requests that were answered with a problem, by its code.",
	}, []string{"code"})
	t.public.MustRegister(t.requests, t.durations, t.inFlight, t.refusals)

	t.tenantRequests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bailiwick_tenant_requests_total",
		Help: "Requests in a tenant by callers who may work in it.",
	}, []string{"tenant", "outcome"})
	t.tenantSeconds = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bailiwick_tenant_request_seconds_total",
		Help: "Total duration of these requests.",
	}, []string{"tenant"})
	t.platform.MustRegister(t.tenantRequests, t.tenantSeconds,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}
