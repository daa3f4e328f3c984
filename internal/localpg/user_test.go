//go:build unix

package localpg_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// unprivileged returns a command that runs as PostgreSQL's user.
func unprivileged(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential("postgres", "nobody")}
	return cmd
}

// credential returns the credential of the first user that exists, or nil if our user isn't root.
func credential(names ...string) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return nil
}

// helper runs this test binary as a server on dir, as another user if cred isn't nil. It returns
// the first line of the server's output.
func helper(
	t *testing.T, dir string, cred *syscall.Credential,
) (cmd *exec.Cmd, line string, stop io.Closer) {
	t.Helper()
	cmd = exec.Command(copyOfSelf(t))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), helperDir + "=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	stop, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return cmd, strings.TrimSpace(line), stop
}

// copyOfSelf copies this test binary to a directory that every user may enter, unlike that of go
// test.
func copyOfSelf(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	from, err := os.Open(self)
	require.NoError(t, err)
	defer from.Close()
	path := filepath.Join(tempDir(t), "server")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Close())
	return path
}

func TestServerRunsForAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	require.NoError(t, os.Mkdir(dir, 0o700))
	cred := credential("nobody")
	if cred != nil {
		require.NoError(t, os.Chown(dir, int(cred.Uid), int(cred.Gid)))
	}
	cmd, url, stop := helper(t, dir, cred)
	require.Equal(t, "1", query(t, url, "SELECT 1"))
	require.NoError(t, stop.Close())
	require.NoError(t, cmd.Wait())
	require.NoFileExists(t, filepath.Join(dataOf(dir), "postmaster.pid"), "it was shut down")
}

// The parent of t.TempDir can be entered only by our user. PostgreSQL runs as another user only if
// ours is root.
func TestDirectoryBelowOneThatPostgresCannotEnterIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	if os.Geteuid() != 0 {
		require.NoError(t, err)
		require.NoError(t, s.Stop())
		return
	}
	require.ErrorContains(t, err, "can't enter "+filepath.Dir(dir)+":")
	require.ErrorContains(t, err, "choose a DATA_DIR")
}

func TestOwnDirectoryIsMadeEnterableForPostgres(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	require.NoError(t, os.Mkdir(dir, 0o700))
	s := start(t, localpg.Options{Dir: dir})
	require.Equal(t, "1", query(t, s.URL(), "SELECT 1"))
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o066, "other users may enter but not list the directory")
}

func TestDefaultDirIsBelowHomeOrVarLib(t *testing.T) {
	t.Setenv("HOME", "/home/user")
	t.Setenv("XDG_DATA_HOME", "relative/is/ignored")
	dir, err := localpg.DefaultDir()
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		require.Equal(t, "/var/lib/bailiwick", dir)
		return
	}
	require.True(t, strings.HasPrefix(dir, "/home/user/"), dir)
	require.Equal(t, "bailiwick", filepath.Base(dir))
}
