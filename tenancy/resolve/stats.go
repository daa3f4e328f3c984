package resolve

// Stats is what a [Resolver] has done since it was made, of all its caches
// together. It names no tenant, and an outsider who watches it learns no more
// than from the answers: a name that isn't an active tenant's counts the same,
// whatever stands behind it.
type Stats struct {
	Hits      uint64 // what was asked of a cache and known there
	Loads     uint64 // what was asked of the store, since no cache knew it
	Failures  uint64 // how many of Loads ended in an error; that there is no tenant is none
	Evictions uint64 // what was forgotten because a cache was full
}

// Stats answers the counts so far.
func (r *Resolver) Stats() Stats {
	c := r.counts
	return Stats{Hits: c.Hits(), Loads: c.Loads(), Failures: c.Failures(), Evictions: c.Evictions()}
}
