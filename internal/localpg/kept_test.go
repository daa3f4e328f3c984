//go:build unix

package localpg_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

func TestKeptClusterKeepsItsDataAndPassword(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "made", "when missing")
	first := start(t, localpg.Options{Dir: dir})
	require.Equal(t, "1", query(t, first.URL(), "CREATE TABLE kept (n int)",
		"INSERT INTO kept VALUES (1)", "SELECT n FROM kept"))
	require.Equal(t, "on", query(t, first.URL(), "SHOW fsync"))
	require.NoError(t, first.Stop())
	require.NoError(t, first.Stop(), "a second Stop does nothing")

	second := start(t, localpg.Options{Dir: dir})
	require.Equal(t, "1", query(t, second.URL(), "SELECT n FROM kept"))
	require.Equal(t, passwordOf(t, first.URL()), passwordOf(t, second.URL()))
	require.NoError(t, second.Stop())
}

func TestPasswordIsRequiredAndOnlyItsOwnerCanReadIt(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, localpg.Options{Dir: dir})
	require.Equal(t, "scram-sha-256",
		query(t, s.URL(), "SELECT min(auth_method) FROM pg_hba_file_rules"))
	require.Equal(t, "scram-sha-256",
		query(t, s.URL(), "SELECT max(auth_method) FROM pg_hba_file_rules"))

	info, err := os.Stat(filepath.Join(dir, "postgresql.password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoFileExists(t, filepath.Join(dir, "postgresql", "password"),
		"initdb's copy is removed")
}

func TestServerListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	s := start(t, localpg.Options{})
	require.Equal(t, "127.0.0.1", query(t, s.URL(), "SHOW listen_addresses"))
	require.Empty(t, query(t, s.URL(), "SHOW unix_socket_directories"))
}

func TestRunningReturnsTheServerOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, localpg.Options{Dir: dir})
	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	inUse, ok := errors.AsType[*localpg.InUseError](err)
	require.True(t, ok, "%v", err)
	url, err := localpg.Running(t.Context(), inUse.Dir)
	require.NoError(t, err)
	require.Equal(t, s.URL(), url)
	require.Equal(t, "1", query(t, url, "SELECT 1"))

	require.NoError(t, s.Stop())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = localpg.Running(ctx, dir)
	require.ErrorContains(t, err, "isn't ready")
}

func TestSecondServerOnADirectoryIsRefusedWithThePidOfTheFirst(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, localpg.Options{Dir: dir})
	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	require.ErrorContains(t, err, dir+" is in use by process "+strconv.Itoa(os.Getpid()))
	require.Equal(t, "1", query(t, s.URL(), "SELECT 1"), "the first server still runs")
}

func TestClusterOfAKilledPostmasterStartsAgain(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, localpg.Options{Dir: dir})
	query(t, s.URL(), "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
	require.NoError(t, syscall.Kill(postmasterPid(t, dir), syscall.SIGKILL))
	<-s.Done()
	require.ErrorContains(t, s.Stop(), "had ended before")

	s = start(t, localpg.Options{Dir: dir})
	require.Equal(t, "7", query(t, s.URL(), "SELECT n FROM kept"))
}

// A zombie keeps its pid until its parent waits for it.
func TestPidFileOfAZombieDoesNotPreventAStart(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	require.NoError(t, start(t, localpg.Options{Dir: dir}).Stop())

	zombie := unprivileged("/", "/bin/sh", "-c", ":")
	require.NoError(t, zombie.Start())
	t.Cleanup(func() { _ = zombie.Wait() })
	file := filepath.Join(dataOf(dir), "postmaster.pid")
	require.NoError(t, os.WriteFile(file, []byte(strconv.Itoa(zombie.Process.Pid)+"\n"), 0o600))

	s := start(t, localpg.Options{Dir: dir})
	require.Equal(t, "1", query(t, s.URL(), "SELECT 1"))
}

// On systems whose kernel doesn't end the PostgreSQL of a killed process, the next start does.
func TestStartEndsAPostgresThatWasLeftRunning(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, localpg.Options{Dir: dir})
	require.NoError(t, s.Stop())

	left := unprivileged(filepath.Dir(dataOf(dir)), filepath.Join(s.Programs(), "postgres"),
		"-D", dataOf(dir), "-c", "listen_addresses=", "-c", "unix_socket_directories=.")
	require.NoError(t, left.Start())
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	eventually(t, "the other PostgreSQL runs", func() bool {
		text, err := os.ReadFile(filepath.Join(dataOf(dir), "postmaster.pid"))
		return err == nil && strings.Contains(string(text), "ready")
	})

	s = start(t, localpg.Options{Dir: dir})
	require.NoError(t, <-ended, "it was stopped by SIGINT, not killed")
	require.Equal(t, "1", query(t, s.URL(), "SELECT 1"))
}

func TestIncompleteClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	require.NoError(t, os.MkdirAll(dataOf(dir)+".new", 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dataOf(dir)+".new", "PG_VERSION"), []byte("15\n"),
		0o600))
	s := start(t, localpg.Options{Dir: dir})
	require.Equal(t, "1", query(t, s.URL(), "SELECT 1"))
}

func TestClusterWithoutItsPasswordIsRefused(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	require.NoError(t, start(t, localpg.Options{Dir: dir}).Stop())
	require.NoError(t, os.Remove(filepath.Join(dir, "postgresql.password")))
	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	require.ErrorContains(t, err, "its superuser's password can't be read")
}

func TestDirectoryMayBeASymbolicLink(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	require.NoError(t, os.Symlink("real", link))
	s := start(t, localpg.Options{Dir: link})
	require.NoError(t, syscall.Kill(postmasterPid(t, link), syscall.SIGKILL))
	<-s.Done()
	require.Error(t, s.Stop())
	require.Equal(t, "1", query(t, start(t, localpg.Options{Dir: link}).URL(), "SELECT 1"))
}
