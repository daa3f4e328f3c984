package memory

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantData holds the resources and secrets of one tenant. A writer of resources holds
// writer from its first read to its last write, an import for as long as it runs. mu is
// held only during an access to the maps, so that readers never wait for an import.
type tenantData struct {
	writer chan struct{} // has one token during a write

	mu      sync.RWMutex
	rows    map[federation.Ref]row
	secrets map[string]storedSecret
	taken   map[source]takenItems
}

// source is the tenant that items were imported from.
type source struct{ instance, tenant string }

// takenItems are what was last taken from a source, by the refs that the source has. A stored map is
// replaced but never changed.
type takenItems map[federation.Ref]takenItem

// takenItem is the content that was taken, and the item's name in the tenant.
type takenItem struct {
	content federation.Item
	name    string
}

// storedSecret is the value of a secret, and when it was written last.
type storedSecret struct {
	value     []byte
	updatedAt time.Time
}

// row is a stored resource. A stored row is replaced but never changed, so that a copy
// of the map is a snapshot.
type row struct {
	federation.Resource
	targets []federation.Target
}

func newTenantData() *tenantData {
	return &tenantData{
		writer:  make(chan struct{}, 1),
		rows:    map[federation.Ref]row{},
		secrets: map[string]storedSecret{},
		taken:   map[source]takenItems{},
	}
}

// data returns the data of a tenant.
func (s *Store) data(tenant tenancy.ID) (*tenantData, error) {
	if tenant.IsZero() {
		return nil, tenancy.ErrNoTenant
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.tenantData[tenant]
	if !ok {
		return nil, tenancy.ErrTenantNotFound
	}
	return found, nil
}

// lock waits until no other writer is active, or until ctx ends.
func (d *tenantData) lock(ctx context.Context) (unlock func(), err error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	select {
	case d.writer <- struct{}{}:
		return func() { <-d.writer }, nil
	case <-ctx.Done():
		return nil, tenancy.Errorf(tenancy.CodeUnavailable,
			"another write to the tenant is in progress; try again").Because(ctx.Err())
	}
}

func (d *tenantData) get(ref federation.Ref) (row, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	found, ok := d.rows[ref]
	return found, ok
}

// rowsWith iterates over the rows as they are after r is stored.
func (d *tenantData) rowsWith(r row) iter.Seq[row] {
	return func(yield func(row) bool) {
		d.mu.RLock()
		defer d.mu.RUnlock()
		for ref, other := range d.rows {
			if ref != r.Ref && !yield(other) {
				return
			}
		}
		yield(r)
	}
}

// snapshot returns the rows that match, in the order of their refs.
func (d *tenantData) snapshot(match func(row) bool) []row {
	d.mu.RLock()
	var rows []row
	for _, r := range d.rows {
		if match(r) {
			rows = append(rows, r)
		}
	}
	d.mu.RUnlock()
	slices.SortFunc(rows, func(a, b row) int { return a.Compare(b.Ref) })
	return rows
}

// copyOut returns a copy of r's resource, which shares no memory with the store.
func (r row) copyOut() federation.Resource {
	out := r.Resource
	out.Item = copyItem(out.Item)
	return out
}

// copyItem copies what the caller could change. Labels become non-nil.
func copyItem(item federation.Item) federation.Item {
	labels := make(map[string]string, len(item.Labels))
	maps.Copy(labels, item.Labels)
	item.Labels = labels
	item.Spec = slices.Clone(item.Spec)
	return item
}

// hasLabels reports whether item has all wanted labels with the wanted values.
func hasLabels(item federation.Item, wanted map[string]string) bool {
	for name, value := range wanted {
		if got, ok := item.Labels[name]; !ok || got != value {
			return false
		}
	}
	return true
}
