package resolve

// Stats are the counts of all caches of a [Resolver] together, since it was made.
// They name no tenant. An outsider who watches them learns no more than from the
// responses: a name of a suspended, a deleted and no tenant change them equally.
type Stats struct {
	Hits      uint64 // lookups that a cache answered
	Loads     uint64 // lookups that the store answered, because no cache could
	Failures  uint64 // loads that failed; an unknown tenant isn't a failure
	Evictions uint64 // entries that were removed because a cache was full
}

// Stats returns the present counts.
func (r *Resolver) Stats() Stats {
	c := r.counts
	return Stats{Hits: c.Hits(), Loads: c.Loads(), Failures: c.Failures(), Evictions: c.Evictions()}
}
