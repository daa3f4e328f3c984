package audittest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// partitions returns the names of the audit log's partitions, sorted.
func partitions(t *testing.T, db *bun.DB) (names []string) {
	t.Helper()
	require.NoError(t, db.NewRaw(
		"SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"+
			" WHERE i.inhparent = 'bailiwick.audit'::regclass ORDER BY 1").
		Scan(t.Context(), &names))
	return names
}

// month returns the suffix of the partition of so many months ago.
func month(back int) string {
	now := time.Now().UTC()
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -back, 0).
		Format("200601")
}

func TestMonthlyPartitionsAreCreatedInAdvance(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []bool{true, false} {
		databaseURL := fixture.MigratedURL(t, multiTenant)
		admin := bun.NewDB(fixture.Superuser(t, databaseURL), pgdialect.New())
		var want []string
		for n := range 4 {
			want = append(want, "audit_"+month(-n))
		}
		want = append(want, "audit_rest")
		for range 2 { // two instances
			db := fixture.Open(t, fixture.Options(databaseURL, multiTenant))
			require.Eventually(t, func() bool { return len(partitions(t, admin)) == 5 },
				30*time.Second, 20*time.Millisecond)
			require.NoError(t, db.Services().
				Audit.Append(t.Context(), tenancy.DefaultID, tenancy.Event{Action: "x.read"}))
		}
		assert.Equal(t, want, partitions(t, admin))
		var in string
		require.NoError(t, admin.NewRaw(
			"SELECT DISTINCT tableoid::regclass::text FROM bailiwick.audit"+
				" WHERE action = 'x.read'").Scan(t.Context(), &in))
		assert.Equal(t, "bailiwick.audit_"+month(0), in)
	}
}

// The log of two tenants has entries of several months; those of one month are in the default partition
// audit_rest. Then an instance with a retention starts.
func TestPartitionsOlderThanTheRetentionAreDropped(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	admin := bun.NewDB(fixture.Superuser(t, databaseURL), pgdialect.New())
	o := fixture.Options(databaseURL, true)
	first, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	acme, other := tenancy.NewID(), tenancy.NewID()
	for id, slug := range map[tenancy.ID]tenancy.Slug{acme: "acme", other: "other"} {
		_, err := first.Tenants().Create(t.Context(),
			tenancy.Tenant{ID: id, Slug: slug, Name: string(slug), State: tenancy.Active})
		require.NoError(t, err)
	}
	require.NoError(t, first.Close())

	fixture.Exec(t, admin.DB, `TRUNCATE bailiwick.audit, bailiwick.audit_heads`)
	// none for three months ago: those entries are in audit_rest
	for _, back := range []int{5, 4, 2, 1} {
		fixture.Exec(t, admin.DB, fmt.Sprintf(
			"CREATE TABLE bailiwick.audit_%s PARTITION OF bailiwick.audit FOR VALUES"+
				" FROM ('%s01') TO ('%s01')", month(back), month(back), month(back-1)))
		fixture.Exec(t, admin.DB, "ALTER TABLE bailiwick.audit_"+month(back)+
			" OWNER TO bailiwick_owner")
	}
	insertChain(t, admin, acme, []int{5, 5, 4, 3, 3, 2, 1, 0})
	insertChain(t, admin, other, []int{4, 4})

	o.AuditRetention = 32 * 24 * time.Hour // part of the month before last may be within it
	db := fixture.Open(t, o)
	s := db.Services()
	expired := func() []tenancy.AuditEntry {
		found, err := s.PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{
			AuditFilter: ports.AuditFilter{Action: "audit.expire"}, Limit: 10})
		require.NoError(t, err)
		return found
	}
	require.Eventually(t, func() bool { return len(expired()) == 1 }, 30*time.Second,
		20*time.Millisecond)

	names := partitions(t, admin)
	for _, back := range []int{5, 4} {
		assert.NotContains(t, names, "audit_"+month(back))
	}
	assert.Contains(t, names, "audit_"+month(1))
	chain, err := verifyLog(t.Context(), s.Audit, acme)
	require.NoError(t, err, "the rest of acme's chain verifies")
	assert.Equal(t, int64(8), chain.Seq)
	begin, _, err := s.Audit.Ends(t.Context(), acme)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, begin.Seq, int64(5),
		"the entries of three months ago are deleted from audit_rest")
	assert.NotZero(t, begin.Hash)

	begin, end, err := s.Audit.Ends(t.Context(), other)
	require.NoError(t, err)
	assert.Equal(t, begin, end, "the other tenant's log is empty and keeps the end of its chain")
	assert.Equal(t, int64(2), end.Seq)
	require.NoError(t, s.Audit.Append(t.Context(), other, tenancy.Event{Action: "x.read"}))
	chain, err = verifyLog(t.Context(), s.Audit, other)
	require.NoError(t, err)
	assert.Equal(t, int64(3), chain.Seq)

	var details struct {
		Dropped []struct {
			Part    string
			Entries int64
		}
	}
	entry := expired()[0]
	require.NoError(t, json.Unmarshal(entry.Details, &details))
	assert.Equal(t, tenancy.Actor{Kind: tenancy.SystemActor}, entry.Actor)
	counted := map[string]int64{}
	for _, d := range details.Dropped {
		counted[d.Part] = d.Entries
	}
	assert.Equal(t, int64(2), counted["audit_"+month(5)])
	assert.Equal(t, int64(3), counted["audit_"+month(4)])
	assert.Equal(t, int64(2), counted["audit_rest"])
}

// insertChain writes a chain with an entry for each of months, which are so many months ago, and its
// head.
func insertChain(t *testing.T, admin *bun.DB, tenant tenancy.ID, months []int) {
	t.Helper()
	var end tenancy.AuditChain
	now := time.Now().UTC()
	for i, back := range months {
		e, err := tenancy.Event{Action: "agent.read"}.Entry(t.Context())
		require.NoError(t, err)
		e.Seq, e.ID, e.Tenant, e.TenantSlug = int64(i)+1, tenancy.NewID().String(), tenant, "acme"
		e.At = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -back, 0).
			Add(time.Duration(i) * time.Microsecond)
		e, err = e.Link(end.Hash)
		require.NoError(t, err)
		end = tenancy.AuditChain{Seq: e.Seq, Hash: e.Hash}
		_, err = admin.NewRaw("INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)"+
			" VALUES (?, ?, ?, ?, ?, ?)",
			tenant, e.Seq, e.ID, e.At, string(e.Text), e.Hash[:]).Exec(t.Context())
		require.NoError(t, err)
	}
	_, err := admin.NewRaw("INSERT INTO bailiwick.audit_heads (tenant_id, seq, hash, at)"+
		" VALUES (?, ?, ?, ?)", tenant, end.Seq, end.Hash[:], now).Exec(t.Context())
	require.NoError(t, err)
}

// Each partition then holds one stretch of each chain, even if a clock goes back.
func TestEntryIsNeverOlderThanThePreviousOne(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	db := fixture.Open(t, fixture.Options(databaseURL, true))
	s := db.Services()
	require.NoError(t, s.Audit.Append(t.Context(), tenancy.DefaultID,
		tenancy.Event{Action: "x.read"}))
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		"UPDATE bailiwick.audit_heads SET at = now() + interval '1 hour'")
	require.NoError(t, s.Audit.Append(t.Context(), tenancy.DefaultID,
		tenancy.Event{Action: "x.read"}))
	found, err := s.Audit.List(t.Context(), tenancy.DefaultID, ports.AuditQuery{Limit: 1})
	require.NoError(t, err)
	assert.True(t, found[0].At.After(time.Now().Add(50*time.Minute)))
	_, err = verifyLog(t.Context(), s.Audit, tenancy.DefaultID)
	assert.NoError(t, err)
}
