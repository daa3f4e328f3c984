package memory

import (
	"context"
	"maps"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Purge counts under the names of what the store holds: the kinds, and "keys",
// "secrets", "members", "invitations", "audit" and "tenants".
func (p tenants) Purge(
	ctx context.Context, id tenancy.ID,
) (certificate tenancy.PurgeCertificate, err error) {
	defer p.s.announce.tellUnless(&err, ports.TenantChanged, id.String())
	sp, err := p.s.space(id)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	unlock, err := sp.lock(ctx) // an import under way ends first
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	defer unlock()
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	t, there := p.s.tenants[id]
	switch {
	case !there:
		return tenancy.PurgeCertificate{}, tenancy.ErrTenantNotFound
	case id == tenancy.DefaultID:
		return tenancy.PurgeCertificate{},
			tenancy.Errorf(tenancy.CodeInvalidState, "the default tenant can't be purged")
	case t.State != tenancy.Deleted:
		return tenancy.PurgeCertificate{},
			tenancy.Errorf(tenancy.CodeInvalidState, "the tenant is not deleted: delete it first")
	}
	certificate, err = p.s.certify(t, sp)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	if err := p.s.record(ctx, tenancy.ID{}, tenancy.PurgeTenantEvent(certificate)); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	p.s.remove(t)
	return certificate, nil
}

// certify counts what t has. The caller holds s.mu.
func (s *Store) certify(t tenancy.Tenant, sp *space) (tenancy.PurgeCertificate, error) {
	rows := map[string]int64{"keys": 0, "tenants": 1}
	for _, kind := range s.kinds.All() {
		rows[kind.Name] = 0
	}
	for _, r := range sp.snapshot(func(row) bool { return true }) {
		rows[r.Kind]++
	}
	for _, k := range s.keys {
		if k.Tenant == t.ID {
			rows["keys"]++
		}
	}
	sp.mu.RLock()
	rows["secrets"] = int64(len(sp.secrets))
	sp.mu.RUnlock()
	log := end(s.log.chain(t.ID))
	rows["audit"], rows["members"], rows["invitations"] = log.Seq, int64(len(s.members[t.ID])), 0
	for _, i := range s.invitations {
		if i.Tenant == t.ID {
			rows["invitations"]++
		}
	}
	return federation.Certify(tenancy.PurgeCertificate{Tenant: t.ID, Slug: t.Slug, Rows: rows,
		Audit: log, PurgedAt: s.time()})
}

// remove leaves nothing of t but its id and its slug, which stay taken. The
// caller holds s.mu.
func (s *Store) remove(t tenancy.Tenant) {
	for id, k := range s.keys {
		if k.Tenant == t.ID {
			delete(s.hashes, k.Hash)
			delete(s.keys, id)
		}
	}
	maps.DeleteFunc(s.invitations,
		func(_ string, i tenancy.Invitation) bool { return i.Tenant == t.ID })
	delete(s.members, t.ID)
	s.log.remove(t.ID)
	delete(s.spaces, t.ID)
	delete(s.tenants, t.ID)
	s.retired[t.ID] = true
}

func (l *auditLog) remove(tenant tenancy.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.chains, tenant)
}
