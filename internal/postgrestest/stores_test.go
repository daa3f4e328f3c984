package postgrestest

import (
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// stores are some open databases that the cases of a suite use in turn, each as
// empty as the first time: making, opening and dropping one for each case took
// eight times as long as the cases themselves.
type stores chan *store

type store struct {
	db    *postgres.DB
	owner *sql.DB
	empty string // the statements that make it so again
}

// newStores opens as many as there are cases at once, by the options that fresh
// answers for a fresh database.
func newStores(t *testing.T, fresh func(*testing.T) postgres.Options) stores {
	t.Helper()
	all := make(stores, runtime.GOMAXPROCS(0))
	for range cap(all) {
		all <- newStore(t, fresh(t))
	}
	return all
}

func newStore(t *testing.T, o postgres.Options) *store {
	t.Helper()
	s := &store{db: opened(t, o), owner: owner(t, o.URL)}
	s.remember(t)
	return s
}

// services lends t a store that is empty but for what a fresh one holds.
func (all stores) services(t *testing.T) ports.Services {
	t.Helper()
	s := <-all
	t.Cleanup(func() { all <- s })
	exec(t, s.owner, s.empty)
	return s.db.Services()
}

// ownTables are those that the server doesn't bring along. Partitions are within
// their table: some are made while it is used.
const ownTables = `SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, coalesce(to_regnamespace('remembered'), 0)) ORDER BY 1`

// remember copies the rows of every table into a schema that nobody but the
// superuser may use, and writes the statements that put them back.
func (s *store) remember(t *testing.T) {
	t.Helper()
	exec(t, s.owner, "CREATE SCHEMA remembered")
	var put strings.Builder
	// neither triggers nor foreign keys
	put.WriteString("SET LOCAL session_replication_role = replica;\n")
	for i, table := range s.list(t, ownTables) {
		columns := strings.Join(
			s.list(t, "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '"+table+
				"'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"+
				" ORDER BY attnum"), ", ")
		exec(t, s.owner, fmt.Sprintf("CREATE TABLE remembered.t%d AS SELECT %s FROM %s", i, columns,
			table))
		fmt.Fprintf(&put, "DELETE FROM %s; INSERT INTO %[1]s (%[2]s) OVERRIDING SYSTEM VALUE"+
			" SELECT %[2]s FROM remembered.t%[3]d;\n", table, columns, i)
	}
	for _, sequence := range s.list(t,
		`SELECT format('%L, %s, %L', format('%I.%I', schemaname, sequencename),
		coalesce(last_value, start_value), last_value IS NOT NULL) FROM pg_sequences`) {
		fmt.Fprintf(&put, "SELECT setval(%s);\n", sequence)
	}
	s.empty = put.String()
}

func (s *store) list(t *testing.T, query string) (lines []string) {
	t.Helper()
	rows, err := s.owner.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	return lines
}

func TestAStoreThatIsLentAgainIsAsItWas(t *testing.T) {
	t.Parallel()
	o := options(migrated(t, true), true)
	exec(t, owner(t, o.URL),
		"CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS"+
			" AS (2 * id) STORED); INSERT INTO counted DEFAULT VALUES")
	s := newStore(t, o)
	fresh := s.rows(t)
	require.Contains(t, fresh, tenancy.DefaultID.String())

	def, err := s.db.Tenants().Get(t.Context(), tenancy.DefaultID)
	require.NoError(t, err)
	def.Name = "Renamed"
	_, err = s.db.Tenants().Update(t.Context(), def)
	require.NoError(t, err)
	putWidget(t, s.db, tenancy.DefaultID, "left behind", "")
	exec(t, s.owner, "INSERT INTO counted DEFAULT VALUES; DELETE FROM settings")
	require.NotEqual(t, fresh, s.rows(t))

	exec(t, s.owner, s.empty)
	require.Equal(t, fresh, s.rows(t))
}

// rows are all that a store holds, and where its sequences stand.
func (s *store) rows(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, table := range s.list(t, ownTables) {
		fmt.Fprintln(&all, table, s.list(t, "SELECT r::text FROM "+table+" r ORDER BY 1"))
	}
	return fmt.Sprintln(all.String(),
		s.list(t, "SELECT sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences"+
			" ORDER BY 1"))
}
