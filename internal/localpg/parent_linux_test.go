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

func TestPostgresDiesWithAKilledParent(t *testing.T) {
	t.Parallel()
	for name, cred := range map[string]string{"as the tests' user": "",
		"as an ordinary user": "nobody"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(tempDir(t), "data")
			require.NoError(t, os.Mkdir(dir, 0o700))
			who := credential(cred)
			if who != nil {
				require.NoError(t, os.Chown(dir, int(who.Uid), int(who.Gid)))
			}
			cmd, url, _ := helper(t, dir, who)
			require.Equal(t, "1", ask(t, url, "CREATE TABLE kept AS SELECT 1", "SELECT 1"))
			require.NotEmpty(t, processesIn(t, dir))

			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			eventually(t, "no process is left in "+dir,
				func() bool { return len(processesIn(t, dir)) == 0 })

			if who == nil {
				ask(t, start(t, localpg.Options{Dir: dir}).URL(), "TABLE kept")
			}
		})
	}
}

// processesIn are the living processes that work in or below dir.
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

// A shell that an operator left in the data folder is none of our business.
func TestOtherProgramsInTheDataFolderAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	require.NoError(t, start(t, localpg.Options{Dir: dir}).Stop())
	visitor := exec.Command("/bin/sh", "-c", "read line")
	visitor.Dir = dataOf(dir)
	stdin, err := visitor.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, visitor.Start())

	require.NoError(t, start(t, localpg.Options{Dir: dir}).Stop())
	_, err = stdin.Write([]byte("bye\n"))
	require.NoError(t, err)
	require.NoError(t, visitor.Wait(), "it ended by itself")
}
