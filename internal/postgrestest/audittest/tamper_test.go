package audittest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tampering is a change that a superuser makes to the log of tenant ?0 at entry number ?1. ?2 is another
// tenant.
type tampering struct {
	name       string
	statements string
	bad        int64 // the first entry that doesn't verify, relative to the changed entry
	last       bool  // verification finds it only by the log's head
}

var tamperings = []tampering{
	{name: "text altered", statements: "UPDATE bailiwick.audit" +
		" SET text = replace(text, 'agent-', 'Agent-') WHERE tenant_id = ?0 AND seq = ?1"},
	{name: "text of the same meaning",
		statements: "UPDATE bailiwick.audit SET text = text || ' ' WHERE tenant_id = ?0" +
			" AND seq = ?1"},
	{name: "hash altered", statements: "UPDATE bailiwick.audit" +
		" SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE tenant_id = ?0 AND seq = ?1"},
	{name: "text and hash altered",
		statements: `WITH b AS (SELECT hash FROM bailiwick.audit WHERE tenant_id = ?0 AND seq = ?1 - 1)
		UPDATE bailiwick.audit SET text = replace(text, 'agent-', 'Agent-'),
		  hash = sha256(coalesce((SELECT hash FROM b), decode(repeat('00', 32), 'hex'))
		    || convert_to(replace(text, 'agent-', 'Agent-'), 'UTF8'))
		WHERE tenant_id = ?0 AND seq = ?1`, bad: 1},
	{name: "number altered",
		statements: "UPDATE bailiwick.audit SET seq = 1000000 + seq WHERE tenant_id = ?0" +
			" AND seq = ?1", bad: 1},
	{name: "time altered", statements: "UPDATE bailiwick.audit SET at = at - interval '1 day'" +
		" WHERE tenant_id = ?0 AND seq = ?1"},
	{name: "id altered", statements: "UPDATE bailiwick.audit SET id = gen_random_uuid()" +
		" WHERE tenant_id = ?0 AND seq = ?1"},
	{name: "removed", statements: "DELETE FROM bailiwick.audit WHERE tenant_id = ?0 AND seq = ?1",
		bad: 1},
	{name: "removed and the gap closed",
		statements: `DELETE FROM bailiwick.audit WHERE tenant_id = ?0 AND seq = ?1;
		UPDATE bailiwick.audit SET seq = seq - 1 WHERE tenant_id = ?0 AND seq = ?1 + 1`},
	{name: "swapped", statements: "UPDATE bailiwick.audit SET seq = 2 * ?1 + 1 - seq" +
		" WHERE tenant_id = ?0 AND seq IN (?1, ?1 + 1)"},
	{name: "contents swapped, numbers kept",
		statements: `UPDATE bailiwick.audit AS a SET text = b.text, hash = b.hash, id = b.id
		FROM bailiwick.audit AS b WHERE a.tenant_id = ?0 AND b.tenant_id = ?0
		  AND a.seq IN (?1, ?1 + 1) AND b.seq = 2 * ?1 + 1 - a.seq`},
	{name: "moved to another tenant",
		statements: "UPDATE bailiwick.audit SET tenant_id = ?2, seq = 1000000 + seq" +
			" WHERE tenant_id = ?0 AND seq = ?1", bad: 1},
	{name: "replaced by another tenant's entry",
		statements: `UPDATE bailiwick.audit AS a SET text = b.text, hash = b.hash, id = b.id, at = b.at
		FROM bailiwick.audit AS b WHERE a.tenant_id = ?0 AND a.seq = ?1 AND b.tenant_id = ?2 AND b.seq = 1`},
	{name: "repeated after itself",
		statements: `INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)
		SELECT tenant_id, seq, id, at + interval '1 microsecond', text, hash
		FROM bailiwick.audit WHERE tenant_id = ?0 AND seq = ?1`},
}

// endings are changes at the end of the log. Only the head reveals that the newest entry is missing, and
// only the log that the head was changed.
var endings = []tampering{
	{name: "the newest removed",
		statements: "DELETE FROM bailiwick.audit WHERE tenant_id = ?0 AND seq = ?1", last: true},
	{name: "head set back", statements: "UPDATE bailiwick.audit_heads SET seq = seq - 1" +
		" WHERE tenant_id = ?0", last: true},
	{name: "head's hash altered",
		statements: "UPDATE bailiwick.audit_heads SET hash = set_byte(hash, 31, get_byte(hash," +
			" 31) # 1) WHERE tenant_id = ?0", last: true},
	{name: "beginning set forward",
		statements: "UPDATE bailiwick.audit_heads SET first_seq = 1 WHERE tenant_id = ?0"},
}

// A superuser alters, removes, swaps or moves one of the entries at a time.
func TestVerificationFindsEachTampering(t *testing.T) {
	t.Parallel()
	w := newLogWorld(t)
	end, err := verifyLog(t.Context(), w.DB.Services().Audit, w.Acme)
	require.NoError(t, err)
	require.Equal(t, int64(logged+1), end.Seq)

	// Some are committed, and the exported log is verified from its beginning. Their entries are near the
	// beginning or the end, so that this takes less than a minute.
	w.tamperInFull(t, tamperings[0], logged-7)
	w.tamperInFull(t, tamperings[7], 5_000)
	w.tamperInFull(t, tamperings[9], 9_000)
	w.tamperInFull(t, tamperings[11], 2_000)
	w.tamperInFull(t, endings[0], logged+1)

	for _, tamper := range tamperings {
		for _, seq := range []int64{1, 2, 777, logged / 2, logged - 1} {
			w.tamper(t, tamper, seq)
		}
	}
	for _, tamper := range endings {
		w.tamper(t, tamper, logged+1)
	}
	again, err := verifyLog(t.Context(), w.DB.Services().Audit, w.Acme)
	require.NoError(t, err, "every change was undone")
	assert.Equal(t, end, again)
}

type logWorld struct {
	fixture.World
	admin *bun.DB // a superuser's
}

// newLogWorld makes a database in which acme has one entry more than logged, appended by the
// database.
func newLogWorld(t *testing.T) logWorld {
	t.Helper()
	databaseURL := fixture.MigratedURL(t, true)
	db := fixture.Open(t, fixture.Options(databaseURL, true))
	w := logWorld{World: fixture.World{DB: db, Acme: tenancy.NewID(), Other: tenancy.NewID()},
		admin: bun.NewDB(fixture.Superuser(t, databaseURL), pgdialect.New())}
	_, err := db.Tenants().Create(t.Context(),
		tenancy.Tenant{ID: w.Other, Slug: "other", Name: "other", State: tenancy.Active})
	require.NoError(t, err)
	conn, err := w.admin.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	rows, end := logRows(t, w.Acme)
	_, err = pgdriver.CopyFrom(t.Context(), conn, rows,
		"COPY bailiwick.audit (tenant_id, seq, id, at, text, hash) FROM STDIN")
	require.NoError(t, err)
	_, err = conn.NewRaw("INSERT INTO bailiwick.tenants (id, slug, name)"+
		" VALUES (?0, 'acme', 'acme');"+
		"INSERT INTO bailiwick.audit_heads (tenant_id, seq, hash)"+
		" VALUES (?0, ?1, ?2); ANALYZE bailiwick.audit", w.Acme, end.Seq, end.Hash[:]).
		Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, db.Services().
		Audit.Append(t.Context(), w.Acme, tenancy.Event{Action: "x.read"}))
	return w
}

// logRows returns a chain of entries as input of COPY, and the chain's end.
func logRows(t *testing.T, tenant tenancy.ID) (*bytes.Buffer, tenancy.AuditChain) {
	t.Helper()
	var rows bytes.Buffer
	var end tenancy.AuditChain
	escape := strings.NewReplacer(`\`, `\\`)
	for i := range logged {
		e, err := tenancy.Event{Action: "agent.read", Target: tenancy.AuditTarget{
			Kind: "agent", Name: fmt.Sprint("agent-", i)}}.Entry(t.Context())
		require.NoError(t, err)
		e.Seq, e.ID, e.Tenant, e.TenantSlug = int64(i)+1, tenancy.NewID().String(), tenant, "acme"
		e.At = time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)
		e, err = e.Link(end.Hash)
		require.NoError(t, err)
		end = tenancy.AuditChain{Seq: e.Seq, Hash: e.Hash}
		fmt.Fprintf(&rows, "%s\t%d\t%s\t%s\t%s\t\\\\x%x\n", e.Tenant, e.Seq, e.ID,
			e.At.Format(time.RFC3339Nano), escape.Replace(string(e.Text)), e.Hash)
	}
	return &rows, end
}

// verifyLog exports a tenant's log and verifies its chain.
func verifyLog(
	ctx context.Context, log ports.Audit, tenant tenancy.ID,
) (chain tenancy.AuditChain, err error) {
	var end tenancy.AuditChain
	err = log.Export(ctx, tenant, ports.AuditQuery{}, func(first, last tenancy.AuditChain) error {
		chain, end = first, last
		return nil
	}, func(e tenancy.AuditEntry) error { return chain.Next(e) })
	if err == nil {
		err = chain.Ends(end)
	}
	return chain, err
}

// apply runs a tampering's statements, each of which must change a row.
func (w logWorld) apply(t *testing.T, db bun.IDB, tamper tampering, seq int64) {
	t.Helper()
	for statement := range strings.SplitSeq(tamper.statements, ";") {
		result, err := db.NewRaw(statement, w.Acme, seq, w.Other).Exec(t.Context())
		require.NoError(t, err, tamper.name)
		n, err := result.RowsAffected()
		require.NoError(t, err)
		require.NotZero(t, n, "%s at entry %d changes nothing", tamper.name, seq)
	}
}

// tamperInFull commits the tampering, verifies the log from its beginning and restores it.
func (w logWorld) tamperInFull(t *testing.T, tamper tampering, seq int64) {
	t.Helper()
	const near = " WHERE tenant_id = ?0 AND seq BETWEEN ?1 AND ?1 + 2"
	_, err := w.admin.NewRaw(
		"CREATE TABLE public.saved AS SELECT tenant_id, seq, id, at, text, hash"+
			" FROM bailiwick.audit"+near, w.Acme, seq).Exec(t.Context())
	require.NoError(t, err)
	w.apply(t, w.admin, tamper, seq)
	_, err = verifyLog(t.Context(), w.DB.Services().Audit, w.Acme)
	w.requireFound(t, tamper, seq, err)
	_, err = w.admin.NewRaw(
		"DELETE FROM bailiwick.audit WHERE id IN (SELECT id FROM public.saved);" +
			"INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash) SELECT *" +
			" FROM public.saved; DROP TABLE public.saved").Exec(t.Context())
	require.NoError(t, err)
}

// tamper makes the change in a transaction, verifies the log from three entries before it and rolls
// back.
func (w logWorld) tamper(t *testing.T, tamper tampering, seq int64) {
	t.Helper()
	tx, err := w.admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	from := max(0, seq-3)
	var chain, end tenancy.AuditChain
	if from > 0 {
		var hash []byte
		err := tx.NewRaw("SELECT hash FROM bailiwick.audit WHERE tenant_id = ? AND seq = ?", w.Acme,
			from).Scan(t.Context(), &hash)
		require.NoError(t, err)
		chain.Seq = from
		copy(chain.Hash[:], hash)
	}
	w.apply(t, tx, tamper, seq)
	if tamper.last || seq > logged {
		from, chain, end = w.ends(t, tx, from, chain)
	}
	err = w.check(t, tx, &chain, from)
	if err == nil && tamper.last {
		err = chain.Ends(end)
	}
	w.requireFound(t, tamper, seq, err)
}

// ends returns where the verification of a tampered log begins, and its end, both by the log's head.
func (w logWorld) ends(
	t *testing.T, tx bun.IDB, from int64, chain tenancy.AuditChain,
) (int64, tenancy.AuditChain, tenancy.AuditChain) {
	t.Helper()
	var head struct {
		Seq, FirstSeq int64
		Hash          []byte
	}
	require.NoError(t, tx.NewRaw(
		"SELECT seq, first_seq, hash FROM bailiwick.audit_heads WHERE tenant_id = ?", w.Acme).
		Scan(t.Context(), &head))
	end := tenancy.AuditChain{Seq: head.Seq}
	copy(end.Hash[:], head.Hash)
	if head.FirstSeq > 0 {
		return 0, tenancy.AuditChain{Seq: head.FirstSeq}, end
	}
	return from, chain, end
}

// check verifies the nine entries after number from.
func (w logWorld) check(t *testing.T, tx bun.IDB, chain *tenancy.AuditChain, from int64) error {
	t.Helper()
	var rows []struct {
		TenantID tenancy.ID
		Seq      int64
		ID       string
		At       time.Time
		Text     []byte
		Hash     []byte
	}
	require.NoError(t, tx.NewRaw(
		"SELECT tenant_id, seq, id, at, text, hash FROM bailiwick.audit WHERE tenant_id = ?"+
			" AND seq > ? ORDER BY seq LIMIT 9", w.Acme, from).Scan(t.Context(), &rows))
	for _, r := range rows {
		e := tenancy.AuditEntry{Tenant: r.TenantID, Seq: r.Seq, ID: r.ID, At: r.At, Text: r.Text}
		copy(e.Hash[:], r.Hash)
		if err := chain.Next(e); err != nil {
			return err
		}
	}
	return nil
}

// requireFound requires that err names the first entry that doesn't verify.
func (w logWorld) requireFound(t *testing.T, tamper tampering, seq int64, err error) {
	t.Helper()
	require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), "%s at %d: %v", tamper.name, seq,
		err)
	if tamper.last || seq > logged {
		return
	}
	require.ErrorContains(t, err, fmt.Sprintf("entry %d ", seq+tamper.bad), "%s at %d", tamper.name,
		seq)
}
