package telemetry

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Pools adds the figures of database pools, which stats answers by their names
// whenever they are asked for. It is called once.
func (t *Telemetry) Pools(stats func() map[string]sql.DBStats) {
	t.public.MustRegister(pools(stats))
}

type pools func() map[string]sql.DBStats

var (
	poolConnections = prometheus.NewDesc("bailiwick_pool_connections",
		"Connections to the database.", []string{"pool", "state"}, nil)
	poolMax = prometheus.NewDesc("bailiwick_pool_max_connections",
		"How many connections a pool may have.", []string{"pool"}, nil)
	poolWaits = prometheus.NewDesc("bailiwick_pool_waits_total",
		"How often a connection had to be waited for.", []string{"pool"}, nil)
	poolWaited = prometheus.NewDesc("bailiwick_pool_wait_seconds_total",
		"How long connections were waited for.", []string{"pool"}, nil)
)

// Describe names the metrics.
func (p pools) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMax, poolWaits, poolWaited} {
		to <- d
	}
}

// Collect reads the figures.
func (p pools) Collect(to chan<- prometheus.Metric) {
	for name, s := range p() {
		to <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue,
			float64(s.InUse), name, "in_use")
		to <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, float64(s.Idle),
			name, "idle")
		to <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue,
			float64(s.MaxOpenConnections), name)
		to <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue,
			float64(s.WaitCount), name)
		to <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue,
			s.WaitDuration.Seconds(), name)
	}
}

// Resolution adds the figures of a resolver, which stats answers whenever they
// are asked for. It is called once.
func (t *Telemetry) Resolution(stats func() resolve.Stats) {
	t.public.MustRegister(resolution(stats))
}

type resolution func() resolve.Stats

var (
	resolutionLookups = prometheus.NewDesc("bailiwick_resolution_lookups_total",
		"Names and ids of tenants that were looked up in the cache: a miss is a question to the"+
			" store.", []string{"result"}, nil)
	resolutionFailures = prometheus.NewDesc("bailiwick_resolution_failures_total",
		"Misses that ended in an error of the store.", nil, nil)
	resolutionEvictions = prometheus.NewDesc("bailiwick_resolution_evictions_total",
		"What the cache forgot, being full or because its time was over.", nil, nil)
)

// Describe names the metrics.
func (r resolution) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{resolutionLookups, resolutionFailures,
		resolutionEvictions} {
		to <- d
	}
}

// Collect reads the figures.
func (r resolution) Collect(to chan<- prometheus.Metric) {
	s := r()
	to <- prometheus.MustNewConstMetric(resolutionLookups, prometheus.CounterValue, float64(s.Hits),
		"hit")
	to <- prometheus.MustNewConstMetric(resolutionLookups, prometheus.CounterValue,
		float64(s.Loads), "miss")
	to <- prometheus.MustNewConstMetric(resolutionFailures, prometheus.CounterValue,
		float64(s.Failures))
	to <- prometheus.MustNewConstMetric(resolutionEvictions, prometheus.CounterValue,
		float64(s.Evictions))
}
