package audittest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Two writers make the texts of entries: tenancy.AuditEntry.Link and the function bailiwick.audit_link. A
// member that only one of them writes, or writes in another way, would be missing from logs of the other.
func TestPostgresWritesTheMembersThatGoWrites(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	s := w.DB.Services()
	ctx := tenancy.WithRequest(tenancy.WithPrincipal(t.Context(),
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u<1>", Name: "Ada \"\u2028\" \\"}),
		tenancy.Request{ID: "r\x001", Address: "192.0.2.1", Reason: "because"})
	events := map[string]tenancy.Event{
		"of the context's actor": {Action: "x.one", Target: tenancy.AuditTarget{Kind: "x", Name: "a&b"},
			Details: map[string]any{"n": 1, "list": []string{"ä", "\x00"}, "none": nil}},
		"denied, of another actor": {Action: "x.two", Outcome: tenancy.Denied,
			Actor: tenancy.Actor{Kind: tenancy.AnonymousActor}},
	}
	for name, event := range events {
		require.NoError(t, s.Audit.Append(ctx, w.Acme, event))
		stored, err := s.Audit.List(t.Context(), w.Acme, ports.AuditQuery{Limit: 1})
		require.NoError(t, err)
		requireSameMembers(t, ctx, event, stored[0], name)

		require.NoError(t, s.PlatformAudit.Append(ctx, event))
		all, err := s.PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{
			AuditFilter: ports.AuditFilter{Action: event.Action}, Limit: 2})
		require.NoError(t, err)
		require.True(t, all[0].Tenant.IsZero(), "the newest entry is the platform's")
		requireSameMembers(t, ctx, event, all[0], name+", of the platform")
	}
	_, err := verifyLog(t.Context(), s.Audit, w.Acme)
	require.NoError(t, err)
}

// requireSameMembers requires that the text of a stored entry has the members, and their values, of the
// text that Go writes for the event at the same place of the chain.
func requireSameMembers(
	t *testing.T, ctx context.Context, event tenancy.Event, stored tenancy.AuditEntry, name string,
) {
	t.Helper()
	e, err := event.Entry(ctx)
	require.NoError(t, err)
	e.Seq, e.ID, e.At = stored.Seq, stored.ID, stored.At
	e.Tenant, e.TenantSlug = stored.Tenant, stored.TenantSlug
	e, err = e.Link(tenancy.AuditHash{})
	require.NoError(t, err)
	assert.JSONEq(t, string(e.Text), string(stored.Text), name)
	assert.Contains(t, string(stored.Text), `"format": 2`, name)
}

// A log that an older version has begun has entries of both formats.
func TestEntriesOfFormat1VerifyBeforeThoseOfFormat2(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	db := fixture.Open(t, fixture.Options(databaseURL, true))
	admin := bun.NewDB(fixture.Superuser(t, databaseURL), pgdialect.New())
	tenant := tenancy.DefaultID
	// written as the function bailiwick.audit_link of migration 20261127000000_audit did
	const write = `WITH entry AS (SELECT jsonb_build_object('seq', 1, 'id', ?1, 'at', ?2, 'tenant_id', ?0,
	    'tenant_slug', 'default', 'actor', jsonb_build_object('kind', 'system', 'id', '', 'name', ''),
	    'action', 'x.read', 'target', jsonb_build_object('kind', '', 'name', ''), 'request_id', '', 'ip', '',
	    'outcome', 'ok', 'details', '{}'::jsonb)::text AS text),
	  hashed AS (SELECT text, sha256(decode(repeat('00', 32), 'hex') || convert_to(text, 'UTF8')) AS hash FROM entry),
	  head AS (INSERT INTO bailiwick.audit_heads (tenant_id, seq, hash, at)
	    SELECT ?0::uuid, 1, hash, ?2::timestamptz FROM hashed)
	INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)
	  SELECT ?0::uuid, 1, ?1::uuid, ?2::timestamptz, text, hash FROM hashed`
	at := time.Now().UTC().Add(-time.Minute).Format(tenancy.TimeLayout)
	fixture.Exec(t, admin.DB, "TRUNCATE bailiwick.audit, bailiwick.audit_heads")
	_, err := admin.NewRaw(write, tenant.String(), tenancy.NewID().String(), at).Exec(t.Context())
	require.NoError(t, err)

	s := db.Services()
	require.NoError(t, s.Audit.Append(t.Context(), tenant, tenancy.Event{Action: "x.read"}))
	entries, err := s.Audit.List(t.Context(), tenant, ports.AuditQuery{Limit: 3})
	require.NoError(t, err)
	require.Len(t, entries, 2)
	var formats []any
	for _, e := range entries {
		var members map[string]any
		require.NoError(t, json.Unmarshal(e.Text, &members))
		formats = append(formats, members["format"])
	}
	assert.Equal(t, []any{float64(2), nil}, formats, "the newest first")
	end, err := verifyLog(t.Context(), s.Audit, tenant)
	require.NoError(t, err)
	assert.Equal(t, int64(2), end.Seq)
}
