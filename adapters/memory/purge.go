package memory

import (
	"context"
	"maps"

	"github.com/bailiwick-go/bailiwick/federation/certificate"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Purge counts the removed rows by the store's own names: the kinds, "keys", "secrets",
// "members", "invitations", "audit" and "tenants".
func (p tenants) Purge(
	ctx context.Context, id tenancy.ID,
) (certificate tenancy.PurgeCertificate, err error) {
	defer p.s.notifier.notifyUnless(&err, ports.TenantChanged, id.String())
	d, err := p.s.data(id)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	unlock, err := d.lock(ctx) // waits for an import in progress
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	defer unlock()
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	t, exists := p.s.tenants[id]
	if !exists {
		return tenancy.PurgeCertificate{}, tenancy.ErrTenantNotFound
	}
	if err := t.CheckPurge(); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	certificate, err = p.s.certifyPurge(t, d)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	if err := p.s.record(ctx, tenancy.ID{}, tenancy.PurgeTenantEvent(certificate)); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	p.s.removeTenant(t)
	return certificate, nil
}

// certifyPurge counts t's rows and certifies the counts. The caller holds s.mu.
func (s *Store) certifyPurge(t tenancy.Tenant, d *tenantData) (tenancy.PurgeCertificate, error) {
	rows := map[string]int64{"keys": 0, "tenants": 1}
	for _, kind := range s.kinds.All() {
		rows[kind.Name] = 0
	}
	for _, r := range d.snapshot(func(row) bool { return true }) {
		rows[r.Kind]++
	}
	for _, k := range s.keys {
		if k.Tenant == t.ID {
			rows["keys"]++
		}
	}
	d.mu.RLock()
	rows["secrets"] = int64(len(d.secrets))
	d.mu.RUnlock()
	log := chainEnd(s.log.chain(t.ID))
	rows["audit"], rows["members"], rows["invitations"] = log.Seq, int64(len(s.members[t.ID])), 0
	for _, i := range s.invitations {
		if i.Tenant == t.ID {
			rows["invitations"]++
		}
	}
	return certificate.Seal(tenancy.PurgeCertificate{Tenant: t.ID, Slug: t.Slug, Rows: rows,
		Audit: log, PurgedAt: s.time()})
}

// removeTenant removes everything of t except its id and its slug, which stay taken.
// The caller holds s.mu.
func (s *Store) removeTenant(t tenancy.Tenant) {
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
	delete(s.tenantData, t.ID)
	delete(s.tenants, t.ID)
	s.purged[t.ID] = true
}

func (l *auditLog) remove(tenant tenancy.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.chains, tenant)
}
