package adopttest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// stride returns how many statements run between two interruptions. ADOPT_BOUNDARIES=all
// interrupts after each, which takes minutes.
func stride(some int) int {
	if os.Getenv("ADOPT_BOUNDARIES") == "all" {
		return 1
	}
	return some
}

var errInterrupted = errors.New("interrupted")

// interrupter interrupts a migration repeatedly.
type interrupter struct {
	every int    // statements between two interruptions
	last  string // the statement of the last interruption
}

func (i *interrupter) options() adoption.Options {
	left := i.every
	return adoption.Options{Phase: adoption.Contract, Watch: time.Second,
		OnEvent: func(e adoption.Event) error {
			// a repeated backfill finds nothing to do
			if e.Kind != "ended" || e.SQL == i.last {
				return nil
			}
			left--
			if left > 0 {
				return nil
			}
			i.last = e.SQL
			return errInterrupted
		}}
}

func TestThereIsAWayBackFromEveryStep(t *testing.T) {
	t.Parallel()
	original := database(t)
	before := dump(t, original)
	interrupt := &interrupter{every: stride(6)}
	boundaries := 0
	for {
		err := postgres.MigrateUp(t.Context(), options(original, false), interrupt.options())
		if err != nil {
			require.ErrorIs(t, err, errInterrupted)
		}
		boundaries++
		begin := time.Now()
		copied, drop := clone(t, original)
		down(t, options(copied, false), adoption.Expand)
		require.Equal(t, before, dump(t, copied), "boundary %d", boundaries)
		t.Logf("back from boundary %d in %.1f s", boundaries, time.Since(begin).Seconds())
		drop()
		if err == nil {
			break
		}
	}
	require.Greater(t, boundaries, 5)
}

// clone copies a database that has no connections, and returns the copy's URL and a function
// that drops it.
func clone(t testing.TB, original string) (copied string, drop func()) {
	t.Helper()
	parsed, err := url.Parse(original)
	require.NoError(t, err)
	template, name := strings.TrimPrefix(parsed.Path, "/"),
		"adopt_"+strings.ToLower(rand.Text()[:12])
	parsed.Path = "/postgres"
	admin := open(t, parsed.String())
	// a closed session disappears after a moment
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template)
		if err == nil || time.Now().After(deadline) {
			break
		}
	}
	require.NoError(t, err)
	parsed.Path = "/" + name
	return parsed.String(), func() {
		exec(t, admin, "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, admin.Close())
	}
}

// cluster is a PostgreSQL of one test, which may kill it.
type cluster struct {
	dir    string
	server *localpg.Server
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "adopttest-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	c := &cluster{dir: filepath.Join(dir, "data")}
	c.start(t)
	t.Cleanup(func() {
		require.NoError(t, c.server.Stop())
		require.NoError(t, os.RemoveAll(dir))
	})
	return c
}

func (c *cluster) start(t *testing.T) {
	t.Helper()
	var err error
	c.server, err = localpg.Start(context.WithoutCancel(t.Context()), localpg.Options{Dir: c.dir})
	require.NoError(t, err)
}

// kill ends PostgreSQL as a power failure would.
func (c *cluster) kill(t *testing.T) {
	t.Helper()
	var files []string
	for _, pattern := range []string{"postmaster.pid", "*/postmaster.pid", "*/*/postmaster.pid"} {
		found, err := filepath.Glob(filepath.Join(c.dir, pattern))
		require.NoError(t, err)
		files = append(files, found...)
	}
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}

func TestPostgresIsKilledAtEveryStepAndTheNextUpFinishes(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	db := open(t, c.server.URL())
	exec(t, db, shop, `INSERT INTO "Shop"."Customers" ("eMail", code)
		SELECT 'more' || i || '@example.com', 'more' || i FROM generate_series(1, 20000) i`)
	const checksum = `SELECT count(*) || ' ' || sum(hashtextextended(
		ROW(id, "eMail", code, touched)::text, 0)::numeric) FROM "Shop"."Customers"`
	rows := queryValue[string](t, db, checksum)
	before := dump(t, c.server.URL())
	require.NoError(t, db.Close())
	kills, batches := 0, 0
	for run := 0; ; run++ {
		left := stride(6)
		err := postgres.MigrateUp(t.Context(), options(c.server.URL(), false),
			adoption.Options{Phase: adoption.Contract, Watch: time.Second,
				OnEvent: func(e adoption.Event) error {
					if e.Kind == "batch" {
						batches++
					}
					if e.Kind == "ended" {
						left--
					}
					// while a statement runs, or during the backfill
					if e.Kind == "begun" && left == 0 || e.Kind == "batch" && batches == 3 {
						kills++
						left = -1
						c.kill(t)
					}
					return nil
				}})
		if err == nil {
			break
		}
		require.Negative(t, left, "a migration failed without a kill: %v", err)
		_ = c.server.Stop() // an error, since it has ended already
		c.start(t)
	}
	require.Greater(t, kills, 4)
	require.Greater(t, batches, 3)
	status, err := postgres.Status(t.Context(), options(c.server.URL(), false))
	require.NoError(t, err)
	require.Equal(t, adoption.State("contracted"), status.State)
	db = open(t, c.server.URL())
	require.Equal(t, rows, queryValue[string](t, db, checksum))
	require.Zero(t, queryValue[int](t, db, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`))
	require.NoError(t, db.Close())
	down(t, options(c.server.URL(), false), adoption.Expand)
	require.Equal(t, before, dump(t, c.server.URL()))
}
