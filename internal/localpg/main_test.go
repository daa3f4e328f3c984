//go:build unix

package localpg_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"
	"go.uber.org/goleak"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// helperDir is the environment variable that makes this test binary run a server on the directory
// it names, which a test then kills.
const helperDir = "LOCALPG_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		serve(dir)
	}
	goleak.VerifyTestMain(m)
}

// serve starts a server on dir, prints its URL, and exits at the end of its standard input.
func serve(dir string) {
	s, err := localpg.Start(context.Background(), localpg.Options{Dir: dir})
	if err == nil {
		fmt.Println(s.URL())
		_, err = io.Copy(io.Discard, os.Stdin)
		err = errors.Join(err, s.Stop())
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// tempDir makes a directory that other users may enter, unlike that of t.TempDir.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "localpg-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func start(t *testing.T, o localpg.Options) *localpg.Server {
	t.Helper()
	s, err := localpg.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

// query runs statements and returns the only value of the last one.
func query(t *testing.T, url string, statements ...string) string {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
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

// dataOf returns the directory in which PostgreSQL keeps the cluster.
func dataOf(dir string) string { return filepath.Join(dir, "postgresql", "data") }

func postmasterPid(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dataOf(dir), "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	return pid
}

func passwordOf(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	password, _ := u.User.Password()
	return password
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, 15*time.Second, 20*time.Millisecond, what)
}
