//go:build unix

package localpg_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

func TestThrowawayIsNotDurableAndRemovedAtStop(t *testing.T) {
	t.Parallel()
	temp := tempDir(t)
	s := start(t, localpg.Options{TempDir: temp})
	for setting, value := range map[string]string{
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
		"max_connections": "500",
		"server_encoding": "UTF8", "lc_collate": "C",
	} {
		require.Equal(t, value, query(t, s.URL(), "SHOW "+setting), setting)
	}
	require.NoError(t, s.Stop())
	require.Empty(t, entries(t, temp))
}

func TestThrowawayThatFailsToStartIsRemoved(t *testing.T) {
	t.Parallel()
	temp := tempDir(t)
	o := noPrograms(t)
	o.TempDir = temp
	_, err := localpg.Start(t.Context(), o)
	require.Error(t, err)
	require.Empty(t, entries(t, temp))
}

func TestThrowawayOfAKilledProcessIsRemovedByTheNextStart(t *testing.T) {
	t.Parallel()
	temp := tempDir(t)
	abandoned := filepath.Join(temp, "bailiwick-pg-abandoned")
	require.NoError(t, os.MkdirAll(filepath.Join(abandoned, "postgresql", "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(abandoned, "postgresql.lock"), []byte("1\n"),
		0o600))

	running := start(t, localpg.Options{TempDir: temp})
	require.NoDirExists(t, abandoned)

	require.NoError(t, start(t, localpg.Options{TempDir: temp}).Stop())
	require.Equal(t, "1", query(t, running.URL(), "SELECT 1"), "a cluster in use isn't removed")
}

// In a shared directory, the name doesn't prove who made a directory.
func TestDirectoriesOfOtherUsersAreNotRemoved(t *testing.T) {
	t.Parallel()
	temp := tempDir(t)
	valuables := filepath.Join(temp, "valuables")
	require.NoError(t, os.MkdirAll(valuables, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(valuables, "postgresql.lock"), nil, 0o600))
	require.NoError(t, os.Symlink(valuables, filepath.Join(temp, "bailiwick-pg-link")))

	trap := filepath.Join(temp, "bailiwick-pg-trap")
	require.NoError(t, os.Mkdir(trap, 0o700))
	require.NoError(t, os.Symlink(filepath.Join(valuables, "postgresql.lock"),
		filepath.Join(trap, "postgresql.lock")))

	unlocked := filepath.Join(temp, "bailiwick-pg-being-made")
	require.NoError(t, os.Mkdir(unlocked, 0o700))

	require.NoError(t, start(t, localpg.Options{TempDir: temp}).Stop())
	require.FileExists(t, filepath.Join(valuables, "postgresql.lock"))
	require.DirExists(t, trap)
	require.DirExists(t, unlocked)
}

func TestStopReportsThatPostgresHadEndedAndRemovesTheCluster(t *testing.T) {
	t.Parallel()
	temp := tempDir(t)
	s := start(t, localpg.Options{TempDir: temp})
	require.NoError(t, syscall.Kill(postmasterPid(t, filepath.Join(temp, entries(t, temp)[0])),
		syscall.SIGQUIT))
	<-s.Done()
	require.ErrorContains(t, s.Stop(), "had ended before")
	require.Empty(t, entries(t, temp))
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := make([]string, len(all))
	for i, entry := range all {
		names[i] = entry.Name()
	}
	return names
}
