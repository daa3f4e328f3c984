package adopttest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

const oddSchema = `Old "Notes" 50%.x`

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// notesIn is the SQL of the notes and people in another schema.
func notesIn(schema string) string {
	return strings.NewReplacer("SCHEMA old", "SCHEMA "+quoteName(schema), "old.",
		quoteName(schema)+".").Replace(notes)
}

type plainNoteRow struct {
	bun.BaseModel `bun:"table:notes"`

	Body string `bun:"body,type:text,notnull,default:''"`
}

type publicTagRow struct {
	bun.BaseModel `bun:"table:public.tags"`
}

// schemaOptions declares notes and names people without a schema, and tags in the schema public.
func schemaOptions(url, schema string) postgres.Options {
	o := noteOptions(url)
	o.Schema, o.Adopt.Users.Table = schema, "people"
	o.Tables = []postgres.Table{{Model: (*plainNoteRow)(nil), Kind: "note"},
		{Model: (*publicTagRow)(nil)}}
	o.Adopt.Owned = []string{"people"}
	o.Adopt.Indexes = []adoption.Index{{Table: "notes", Name: "notes_body",
		Definition: "USING btree (tenant_id, body)"}}
	o.Adopt.Views = []adoption.View{{Name: "titles",
		Definition: "SELECT name, tenant_id FROM notes"}}
	o.Adopt.Steps = []adoption.Step{{Name: "step", Phase: adoption.Expand,
		Done: "to_regclass('stepped') IS NOT NULL", Undone: "to_regclass('stepped') IS NULL",
		Up: "CREATE TABLE stepped AS SELECT name FROM notes", Down: "DROP TABLE stepped"}}
	return o
}

func TestTablesWithoutASchemaAreAdoptedInOptionsSchema(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"old", oddSchema} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			db := open(t, url)
			exec(t, db, notesIn(schema), "CREATE TABLE public.tags (id int PRIMARY KEY)",
				"CREATE VIEW "+quoteName(schema)+".titles AS SELECT name FROM "+quoteName(schema)+".notes",
				"CREATE TABLE public.people (id int)") // another program's
			require.NoError(t, db.Close())
			before := dump(t, url)
			o := schemaOptions(url, schema)
			up(t, o, adoption.Contract)
			findings, err := postgres.Doctor(t.Context(), o)
			require.NoError(t, err)
			require.Empty(t, findings)
			opened, err := postgres.Open(t.Context(), o)
			require.NoError(t, err)
			require.NoError(t, opened.Close())
			down(t, o, adoption.Expand)
			require.Equal(t, before, dump(t, url))
		})
	}
}

func TestTablesInOtherSchemasAreNamed(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	db := open(t, url)
	refusal := func(schema string) string {
		t.Helper()
		o := schemaOptions(url, schema)
		_, err := postgres.PlanUp(t.Context(), o, adoption.Options{})
		require.Error(t, err)
		require.EqualError(t, postgres.Migrate(t.Context(), o), err.Error())
		return err.Error()
	}
	exec(t, db, notesIn(oddSchema), "CREATE TABLE public.tags (id int PRIMARY KEY)")
	before := dump(t, url)
	require.Contains(t, refusal("another"), "the table notes is in the schema "+oddSchema+
		" and not in another: set DATABASE_SCHEMA="+oddSchema+" (Options.Schema)")
	require.Equal(t, before, dump(t, url))
	exec(t, db, notes)
	require.Contains(t, refusal("another"), "in several others (Old \"Notes\" 50%.x, old)")
}
