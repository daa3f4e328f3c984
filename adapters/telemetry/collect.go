package telemetry

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Pools adds the metrics of the database pools. Every scrape calls stats, which
// returns the statistics by the names of the pools. Pools panics if it is called
// twice.
func (t *Telemetry) Pools(stats func() map[string]sql.DBStats) {
	t.public.MustRegister(pools(stats))
}

// pools collects the metrics of database pools.
type pools func() map[string]sql.DBStats

var (
	poolConnections = prometheus.NewDesc("bailiwick_pool_connections",
		"Connections to the database.", []string{"pool", "state"}, nil)
	poolMax = prometheus.NewDesc("bailiwick_pool_max_connections",
		"Maximum number of connections of a pool.", []string{"pool"}, nil)
	poolWaits = prometheus.NewDesc("bailiwick_pool_waits_total",
		"Number of times that a query waited for a connection.", []string{"pool"}, nil)
	poolWaited = prometheus.NewDesc("bailiwick_pool_wait_seconds_total",
		"Total time that queries waited for a connection.", []string{"pool"}, nil)
)

// Describe implements [prometheus.Collector].
func (p pools) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMax, poolWaits, poolWaited} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
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

// Resolution adds the metrics of a resolver. Every scrape calls stats. Resolution
// panics if it is called twice.
func (t *Telemetry) Resolution(stats func() resolve.Stats) {
	t.public.MustRegister(resolution(stats))
}

// resolution collects the metrics of a resolver.
type resolution func() resolve.Stats

var (
	resolutionLookups = prometheus.NewDesc("bailiwick_resolution_lookups_total",
		"Lookups of tenants by name or id in the cache: a miss is a query to the store.",
		[]string{"result"}, nil)
	resolutionFailures = prometheus.NewDesc("bailiwick_resolution_failures_total",
		"Misses that ended in an error of the store.", nil, nil)
	resolutionEvictions = prometheus.NewDesc("bailiwick_resolution_evictions_total",
		"Entries that the cache removed because it was full or they were too old.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (r resolution) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{resolutionLookups, resolutionFailures,
		resolutionEvictions} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
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
