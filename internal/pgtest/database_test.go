package pgtest_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func connect(t *testing.T, url string) *sql.DB {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// ask runs statements and returns the only value of the last one.
func ask(t *testing.T, url string, statements ...string) string {
	t.Helper()
	db := connect(t, url)
	defer db.Close()
	last := len(statements) - 1
	for _, statement := range statements[:last] {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	var answer string
	require.NoError(t, db.QueryRowContext(t.Context(), statements[last]).Scan(&answer),
		statements[last])
	return answer
}

func TestDatabaseIsEmptyAndItsUserIsSuperuser(t *testing.T) {
	t.Parallel()
	one, two := pgtest.Database(t), pgtest.Database(t)
	require.NotEqual(t, one, two)
	require.Equal(t, "on", ask(t, one, "CREATE TABLE only_in_one ()", "SHOW is_superuser"))
	require.Equal(t, "0", ask(t, two, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
	require.Equal(t, "UTF8 C", ask(t, two,
		"SELECT pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database"+
			" WHERE datname = current_database()"))
	require.NotEmpty(t, pgtest.Source())
}

func TestRolesNamedAfterDroppedDatabaseAreDropped(t *testing.T) {
	t.Parallel()
	const roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'bailiwick\\_%s\\_%%'"
	var oid string
	t.Run("uses it", func(t *testing.T) {
		url := pgtest.Database(t)
		oid = ask(t, url, "SELECT oid FROM pg_database WHERE datname = current_database()")
		require.Equal(t, "2", ask(t, url, "CREATE ROLE bailiwick_"+oid+"_owner",
			"CREATE ROLE bailiwick_"+oid+"_app", "CREATE TABLE t ()",
			"ALTER TABLE t OWNER TO bailiwick_"+oid+"_owner", fmt.Sprintf(roles, oid)))
	})
	require.Equal(t, "0", ask(t, pgtest.Database(t), fmt.Sprintf(roles, oid)))
}

func TestDatabaseWithOpenConnectionsIsDropped(t *testing.T) {
	t.Parallel()
	var name string
	var open *sql.DB
	ran := t.Run("uses it", func(t *testing.T) {
		url := pgtest.Database(t)
		name = ask(t, url, "SELECT current_database()")
		open = sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
		require.NoError(t, open.Ping())
	})
	require.True(t, ran)
	require.Error(t, open.Ping())
	require.NoError(t, open.Close())
	require.Equal(t, "0", ask(t, pgtest.Database(t),
		"SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"))
}

func TestTemplateIsFilledOnceAndCopied(t *testing.T) {
	t.Parallel()
	key := rand.Text() // a template lives as long as the process, even with go test -count
	var fills atomic.Int32
	fill := func(url string) error {
		fills.Add(1)
		ask(t, url, "CREATE TABLE filled AS SELECT 1 AS n", "SELECT 1")
		// A pool that fill forgets to close must not keep the template busy.
		return connect(t, url).Ping()
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			url := pgtest.Template(t, key, fill)
			ask(t, url, "UPDATE filled SET n = n + 1", "SELECT n FROM filled")
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, fills.Load())
	require.Equal(t, "1", ask(t, pgtest.Template(t, key, fill), "SELECT n FROM filled"),
		"copies are written to, the template is not")
}

// fatalRecorder is a test that records the text of Fatalf.
type fatalRecorder struct {
	testing.TB
	fatal string
}

func (w *fatalRecorder) Fatalf(format string, args ...any) {
	w.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestFailedFillFailsEveryTestThatUsesItsKey(t *testing.T) {
	t.Parallel()
	key := rand.Text()
	for range 2 {
		require.Equal(t, "pgtest: template "+key+": fill: no such migration",
			reasonOf(t, func(w *fatalRecorder) {
				pgtest.Template(w, key, func(string) error {
					return errors.New("no such migration")
				})
			}))
	}
}

func TestFillThatEndsItsTestFailsTheOtherTests(t *testing.T) {
	t.Parallel()
	key := rand.Text()
	ask := func(w *fatalRecorder) {
		pgtest.Template(w, key, func(string) error { runtime.Goexit(); return nil })
	}
	require.Empty(t, reasonOf(t, ask), "the first test ends without Fatalf")
	require.Equal(t, "pgtest: template "+key+": fill ended its test", reasonOf(t, ask))
}

// reasonOf returns the text with which f ends its test.
func reasonOf(t *testing.T, f func(*fatalRecorder)) string {
	w := &fatalRecorder{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f(w)
	}()
	<-ended
	return w.fatal
}
