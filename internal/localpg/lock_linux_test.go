package localpg_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// Between fork and exec a child has copies of all open descriptors, even of those that its parent
// closes in the meantime. They must not keep the lock.
func TestDirectoryIsUnlockedDespiteDescriptorsInAChild(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, localpg.Options{Dir: dir})
	child, err := syscall.Dup(descriptorOf(t, filepath.Join(dir, "postgresql.lock")))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Close(child)) })
	require.NoError(t, s.Stop())
	require.Equal(t, "1", query(t, start(t, localpg.Options{Dir: dir}).URL(), "SELECT 1"))
}

// descriptorOf returns the descriptor with which this process has a file open.
func descriptorOf(t *testing.T, path string) int {
	t.Helper()
	const open = "/proc/self/fd"
	entries, err := os.ReadDir(open)
	require.NoError(t, err)
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(open, e.Name())); err == nil && target == path {
			number, err := strconv.Atoi(e.Name())
			require.NoError(t, err)
			return number
		}
	}
	require.Fail(t, "this process hasn't opened "+path)
	return -1
}
