// Package cacheinval invalidates cached values when their source changes.
//
// [Invalidations] receives change notifications. A cache takes a
// [Invalidations.Snapshot] before it loads a value, stores it with the value, and
// calls [Invalidations.Valid] before it uses the value. [Cache] is a cache that
// does all this.
//
// A cached value is outdated for less than a second even if notifications are
// late or lost: while the notifier isn't healthy, values older than half a second
// are invalid.
package cacheinval
