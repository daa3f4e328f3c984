package losslesstest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// hiddenFaults are columns of rows with their values, by the item's name: an adopted row may have
// them, and its item reads as if it had none.
var hiddenFaults = map[string]string{
	"array":       `spec = '[]'`,
	"scalar":      `spec = '7'`,
	"null":        `spec = 'null'`,
	"null labels": `labels = 'null'`,
	"version 0":   `version = 0`,
	"version -5":  `version = -5`,
	"updated":     `updated_at = 'infinity'`,
	"created":     `created_at = '-infinity'`,
	"bc":          `updated_at = '0044-03-15 12:00:00 BC'`,
}

func TestUnchangedPutMendsUnfitRow(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	r := openRig(t, options(url, joinSchema, postgres.Table{Model: (*partRow)(nil), Kind: "part"}))
	db := fixture.Superuser(t, url)
	for name := range hiddenFaults {
		_, err := r.put(r.acme, "part", name, `{}`)
		require.NoError(t, err)
	}
	fixture.Exec(t, db, "ALTER TABLE parts DISABLE TRIGGER USER")
	for name, values := range hiddenFaults {
		fixture.Exec(t, db, "UPDATE parts SET "+values+" WHERE name = '"+name+"'")
	}
	fixture.Exec(t, db, "ALTER TABLE parts ENABLE TRIGGER USER")
	for name := range hiddenFaults {
		mended, err := r.put(r.acme, "part", name, `{}`)
		require.NoError(t, err, name)
		require.Positive(t, mended.Version, name)
		again, err := r.put(r.acme, "part", name, `{}`)
		require.NoError(t, err, name)
		require.Equal(t, mended, again, "%s: the row is fit now", name)
	}
	unfit, err := fixture.Strings(db.QueryContext(t.Context(), "SELECT name FROM parts WHERE"+
		" jsonb_typeof(spec) <> 'object' OR jsonb_typeof(labels) <> 'object' OR version < 1"+
		" OR NOT isfinite(created_at) OR updated_at < '2000-01-01' OR NOT isfinite(updated_at)"))
	require.NoError(t, err)
	require.Empty(t, unfit)
}

type leafRow struct {
	bun.BaseModel `bun:"table:leaves"`
	PartID        *string `bun:"part_id,type:uuid"`
}

func TestUnchangedPutClearsDanglingReference(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	r := openRig(t, options(url, joinSchema+`; CREATE TABLE leaves (part_id uuid,
		CONSTRAINT leaf_part FOREIGN KEY (tenant_id, part_id) REFERENCES parts (tenant_id, id), `+
		kindColumns+`)`, postgres.Table{Model: (*partRow)(nil), Kind: "part"},
		postgres.Table{Model: (*leafRow)(nil), Kind: "leaf", References: []postgres.Reference{
			{Field: "part", Kind: "part", Column: "part_id"}}}))
	first, err := r.put(r.acme, "leaf", "l", `{}`)
	require.NoError(t, err)
	db := fixture.Superuser(t, url)
	fixture.Exec(t, db, "ALTER TABLE leaves DROP CONSTRAINT leaf_part")
	fixture.Exec(t, db, "UPDATE leaves SET part_id = gen_random_uuid()")
	_, err = r.put(r.acme, "leaf", "l", `{}`)
	require.NoError(t, err)
	left, err := fixture.Strings(db.QueryContext(t.Context(), "SELECT part_id::text FROM leaves"))
	require.NoError(t, err)
	require.Equal(t, []string{""}, left)
	mended, err := r.put(r.acme, "leaf", "l", `{}`)
	require.NoError(t, err)
	require.Equal(t, first.Version+2, mended.Version, "by the UPDATE and one PUT")
}
