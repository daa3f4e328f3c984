package adopttest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const notes = `
CREATE SCHEMA old;
CREATE TABLE old.notes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL UNIQUE,
  labels jsonb NOT NULL DEFAULT '{}', body text NOT NULL DEFAULT '', spec jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE old.people (
  id uuid PRIMARY KEY, email text NOT NULL, name text NOT NULL, hash text, admin boolean NOT NULL);
INSERT INTO old.notes (name) VALUES ('one');
`

type noteRow struct {
	bun.BaseModel `bun:"table:old.notes"`

	Body string `bun:"body,type:text,notnull,default:''"`
}

func noteOptions(url string) postgres.Options {
	return postgres.Options{
		URL: url, MultiTenant: true, SecretsKey: make([]byte, 32),
		Tables: []postgres.Table{{Model: (*noteRow)(nil), Kind: "note"}},
		Adopt: &adoption.Database{Users: &adoption.Users{Table: "old.people", ID: "id",
			Email: "email", Name: "name", Password: "hash", Admin: "admin"}},
	}
}

// TestPlanNamesWhatKindNeeds changes one column or key of a kind's table for each sentence.
func TestPlanNamesWhatKindNeeds(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	db := open(t, url)
	exec(t, db, notes)
	for sentence, change := range map[string]string{
		"has no column labels":     "DROP COLUMN labels",
		"has no column updated_at": "DROP COLUMN updated_at",
		"has no column body":       "DROP COLUMN body",
		"column spec of":           "ALTER COLUMN spec DROP DEFAULT, ALTER COLUMN spec TYPE text",
		"column version of":        "ALTER COLUMN version TYPE numeric",
		"column id of":             "ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id TYPE bytea USING ''",
		"column id has no default": "ALTER COLUMN id DROP DEFAULT," +
			" ALTER COLUMN id TYPE bigint USING 1",
		"can be NULL":        "ALTER COLUMN labels DROP NOT NULL",
		"unique key of name": "DROP CONSTRAINT notes_name_key",
		"NOT NULL without a default": "ADD COLUMN author text NOT NULL DEFAULT 'x';" +
			"ALTER TABLE old.notes ALTER COLUMN author DROP DEFAULT",
		"column body has the type int4": "ALTER COLUMN body DROP DEFAULT," +
			" ALTER COLUMN body TYPE integer USING 0",
		"column body has the type text[]": "ALTER COLUMN body DROP DEFAULT," +
			" ALTER COLUMN body TYPE text[] USING ARRAY[body]",
		"column body is generated": "DROP COLUMN body," +
			" ADD COLUMN body text NOT NULL GENERATED ALWAYS AS (name) STORED",
		"column name has the type int4, not text": "ALTER COLUMN name TYPE integer USING 0",
		"column created_at of \"old\".\"no":       "ALTER COLUMN created_at DROP DEFAULT",
	} {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		exec(t, tx, "ALTER TABLE old.notes "+change)
		require.NoError(t, tx.Commit())
		_, err = postgres.PlanUp(t.Context(), noteOptions(url), adoption.Options{})
		require.ErrorContains(t, err, sentence)
		exec(t, db, "DROP SCHEMA old CASCADE", notes)
	}
	exec(t, db, "ALTER TABLE old.people DROP COLUMN admin")
	_, err := postgres.PlanUp(t.Context(), noteOptions(url), adoption.Options{})
	require.ErrorContains(t, err, "has no column admin")
}

// A table whose ids are numbers is adopted as one whose ids are uuids.
func TestKindWithNumbersAsIDsIsAdoptedAndServed(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	db := open(t, url)
	exec(t, db, strings.Replace(notes, "id uuid PRIMARY KEY DEFAULT gen_random_uuid()",
		"id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", 1))
	o := noteOptions(url)
	up(t, o, adoption.Contract)
	opened, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	ref := federation.Ref{Kind: "note", Name: "one"}
	found, err := opened.Services().Resources.Get(t.Context(), tenancy.DefaultID, ref)
	require.NoError(t, err)
	require.Equal(t, "1", found.ID)
	require.NoError(t, opened.Close())
}

// TestKindInAnotherSchemaIsAdoptedServedAndReverted has a table of people in that schema too.
func TestKindInAnotherSchemaIsAdoptedServedAndReverted(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	db := open(t, url)
	exec(t, db, notes)
	require.NoError(t, db.Close())
	before := dump(t, url)
	o := noteOptions(url)
	up(t, o, adoption.Contract)
	opened, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, opened.Close())
	down(t, o, adoption.Expand)
	require.Equal(t, before, dump(t, url))
}
