package memory

import (
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditLog holds the chain of each tenant, and the platform's chain under the zero ID.
type auditLog struct {
	mu     sync.Mutex
	chains map[tenancy.ID][]tenancy.AuditEntry
	// a copy: append can't lock the store, whose lock its caller may hold
	slugs map[tenancy.ID]tenancy.Slug
}

// append links e to its chain. Its time is never before the former entry's, even if the
// clock was set back.
func (l *auditLog) append(e tenancy.AuditEntry, now func() time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	chain := l.chains[e.Tenant]
	e.Seq, e.At, e.TenantSlug = int64(len(chain))+1, now(), l.slugs[e.Tenant]
	if n := len(chain); n > 0 && e.At.Before(chain[n-1].At) {
		e.At = chain[n-1].At
	}
	linked, err := e.Link(chainEnd(chain).Hash)
	if err != nil {
		return err
	}
	l.chains[e.Tenant] = append(chain, linked)
	return nil
}

// setSlug sets the slug that a tenant's entries carry.
func (l *auditLog) setSlug(tenant tenancy.ID, slug tenancy.Slug) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slugs[tenant] = slug
}

// chain returns a snapshot of a tenant's entries. Entries never change.
func (l *auditLog) chain(tenant tenancy.ID) []tenancy.AuditEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.chains[tenant])
}

// all returns the entries of all chains, in no order.
func (l *auditLog) all() []tenancy.AuditEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var entries []tenancy.AuditEntry
	for _, chain := range l.chains {
		entries = append(entries, chain...)
	}
	return entries
}

// chainEnd returns the newest entry's place in the chain, or the zero chain.
func chainEnd(chain []tenancy.AuditEntry) tenancy.AuditChain {
	if len(chain) == 0 {
		return tenancy.AuditChain{}
	}
	newest := chain[len(chain)-1]
	return tenancy.AuditChain{Seq: newest.Seq, Hash: newest.Hash}
}
