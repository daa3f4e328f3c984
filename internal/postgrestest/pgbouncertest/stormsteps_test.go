package pgbouncertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// foreignError says that a statement read or wrote rows of another tenant.
type foreignError string

func (e foreignError) Error() string { return "foreign: " + string(e) }

type stormStep struct {
	name   string
	weight int
	run    func(ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID,
		random *rand.Rand) error
	mayFail  bool          // the connector or the database may refuse the statement
	patience time.Duration // the context's deadline is shorter than this; 0 means none
}

var stormSteps = []stormStep{
	{name: "raw read", weight: 50, run: stormRead},
	{name: "raw count", weight: 15, run: stormCount},
	{name: "filtered read", weight: 15, run: stormFiltered},
	{name: "raw update", weight: 10, run: stormUpdate},
	{name: "raw insert", weight: 5, run: stormInsert},
	{name: "transaction", weight: 3, run: stormTransaction},
	{name: "slow read", weight: 1, run: stormSlow, patience: 10 * time.Millisecond},
	{name: "litter", weight: 2, run: stormLitter, mayFail: true},
}

func pickStep(random *rand.Rand) stormStep {
	total := 0
	for _, kind := range stormSteps {
		total += kind.weight
	}
	at := random.IntN(total)
	for _, kind := range stormSteps {
		if at -= kind.weight; at < 0 {
			return kind
		}
	}
	panic("no step for this number")
}

// rawQuerier runs raw SQL, to which no filter is added.
type rawQuerier interface {
	NewRaw(query string, args ...any) *bun.RawQuery
}

type stormRow struct {
	TenantID    tenancy.ID
	Description string // every write sets it to the id of its tenant
}

// readAll reads widgets by raw SQL. A row of another tenant is a foreignError, even if an error
// follows it. After an error, bun returns one empty row at the end, which doesn't count.
func readAll(ctx context.Context, db rawQuerier, tenant tenancy.ID, query string) error {
	var rows []stormRow
	err := db.NewRaw(query).Scan(ctx, &rows)
	for _, row := range rows {
		if err != nil && row == (stormRow{}) {
			continue
		}
		if row.TenantID != tenant || row.Description != tenant.String() {
			return foreignError(fmt.Sprintf("tenant %s read a row of %s, described as %q: %v",
				tenant, row.TenantID, row.Description, err))
		}
	}
	if err == nil && len(rows) != stormRows {
		return foreignError(fmt.Sprintf("%d rows were read, not %d", len(rows), stormRows))
	}
	return err
}

func stormRead(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, _ *rand.Rand,
) error {
	return readAll(ctx, scoped, tenant, "SELECT tenant_id, description FROM widgets")
}

func stormSlow(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, _ *rand.Rand,
) error {
	return readAll(ctx, scoped, tenant,
		"SELECT tenant_id, description FROM pg_sleep(0.02), widgets")
}

func stormCount(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, _ *rand.Rand,
) error {
	var own, foreign int
	err := scoped.NewRaw("SELECT count(*) FILTER (WHERE tenant_id = ?0), count(*) FILTER (WHERE"+
		" tenant_id <> ?0) FROM widgets", tenant).Scan(ctx, &own, &foreign)
	if err == nil && (own != stormRows || foreign != 0) {
		return foreignError(fmt.Sprintf("%d own rows and %d foreign ones were counted", own,
			foreign))
	}
	return err
}

func stormFiltered(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, _ *rand.Rand,
) error {
	var rows []fixture.WidgetRow
	err := scoped.NewSelect().Model(&rows).Scan(ctx)
	for _, row := range rows {
		if err != nil && row.ID == uuid.Nil && row.Description == "" {
			continue
		}
		if row.Description != tenant.String() {
			return foreignError(fmt.Sprintf(
				"a filtered read of tenant %s gave row %s, described as %q: %v", tenant, row.ID,
				row.Description, err))
		}
	}
	return err
}

func stormUpdate(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, random *rand.Rand,
) error {
	result, err := scoped.NewRaw("UPDATE widgets SET description = ? WHERE name = ?",
		tenant.String(), fmt.Sprintf("w%d", 1+random.IntN(stormRows))).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		return foreignError(fmt.Sprintf("an update changed %d rows, not one", n))
	}
	return err
}

func stormInsert(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, random *rand.Rand,
) error {
	var stamped tenancy.ID
	err := scoped.NewRaw(`INSERT INTO makers (name, description) VALUES (?, ?)
		ON CONFLICT (tenant_id, name) DO UPDATE SET description = EXCLUDED.description
		RETURNING tenant_id`,
		fmt.Sprintf("m%d", random.IntN(10)), tenant.String()).Scan(ctx, &stamped)
	if err == nil && stamped != tenant {
		return foreignError("an insert was stamped with another tenant")
	}
	return err
}

func stormTransaction(
	ctx context.Context, scoped *postgres.Scoped, tenant tenancy.ID, random *rand.Rand,
) error {
	return scoped.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		if err := stormUpdate(ctx, tx, tenant, random); err != nil {
			return err
		}
		return stormRead(ctx, tx, tenant, random)
	})
}

// litter is raw SQL that would leave state in its session.
var litter = []string{
	"SET work_mem = '77MB'",
	"SET search_path = pg_catalog",
	"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
	"SET row_security = off",
	"SELECT 1; SET statement_timeout = 1",
	"SELECT set_config('jit', 'off', false)",
	"SELECT set_config('bailiwick.tenant', current_setting('bailiwick.tenant'), false)",
	"DO $$ BEGIN PERFORM set_config('work_mem', '88MB', false); END $$",
	"SELECT pg_try_advisory_lock((random() * 1000)::int)",
	"SELECT pg_try_advisory_lock_shared(7)",
	"LISTEN news",
	"CREATE TEMPORARY TABLE scratch (n int)",
	"SELECT 1 AS n INTO TEMPORARY scratch",
	"PREPARE later AS SELECT 1",
	"DECLARE open CURSOR WITH HOLD FOR SELECT 1",
	"COMMIT; SET work_mem = '99MB'",
	"COMMIT; SELECT pg_try_advisory_lock(8)",
	"BEGIN",
	"ROLLBACK; BEGIN; SELECT 1",
}

func stormLitter(
	ctx context.Context, scoped *postgres.Scoped, _ tenancy.ID, random *rand.Rand,
) error {
	_, err := scoped.NewRaw(litter[random.IntN(len(litter))]).Exec(ctx)
	return err
}
