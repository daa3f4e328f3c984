package localpg_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

func TestPostgresEndsWhenItsParentIsKilled(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]string{"as the tests' user": "",
		"as an ordinary user": "nobody"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(tempDir(t), "data")
			require.NoError(t, os.Mkdir(dir, 0o700))
			cred := credential(user)
			if cred != nil {
				require.NoError(t, os.Chown(dir, int(cred.Uid), int(cred.Gid)))
			}
			cmd, url, _ := helper(t, dir, cred)
			require.Equal(t, "1", query(t, url, "CREATE TABLE kept AS SELECT 1", "SELECT 1"))
			require.NotEmpty(t, processesIn(t, dir))

			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			eventually(t, "no process is left in "+dir,
				func() bool { return len(processesIn(t, dir)) == 0 })

			if cred == nil {
				query(t, start(t, localpg.Options{Dir: dir}).URL(), "TABLE kept")
			}
		})
	}
}

// processesIn returns the processes whose working directory is dir or below it.
func processesIn(t *testing.T, dir string) []int {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	var pids []int
	for _, proc := range procs {
		cwd, err := os.Readlink(proc + "/cwd")
		if err == nil && strings.HasPrefix(cwd, dir) {
			pid, err := strconv.Atoi(filepath.Base(proc))
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// An operator may have left a shell in the data directory.
func TestOtherProgramsInTheDataDirectoryAreNotEnded(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	require.NoError(t, start(t, localpg.Options{Dir: dir}).Stop())
	shell := exec.Command("/bin/sh", "-c", "read line")
	shell.Dir = dataOf(dir)
	stdin, err := shell.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, shell.Start())

	require.NoError(t, start(t, localpg.Options{Dir: dir}).Stop())
	_, err = stdin.Write([]byte("bye\n"))
	require.NoError(t, err)
	require.NoError(t, shell.Wait(), "it wasn't killed")
}
