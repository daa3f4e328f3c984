//go:build unix

package commandtest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// readmeBlocks returns the shell blocks of README.md, without those that run the tests.
func readmeBlocks(t *testing.T, root string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	for _, part := range strings.Split(string(text), "```sh\n")[1:] {
		block, _, closed := strings.Cut(part, "```")
		require.True(t, closed)
		if !strings.Contains(block, "go test") {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// The first block ends as a script does that somebody copied, and the second follows it in
// the same shell. Only the data directory and the port differ from those of a reader.
func TestBlocksOfReadmeRunOneAfterTheOther(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	blocks := readmeBlocks(t, root)
	require.Len(t, blocks, 2)
	port, err := daemon.FreePort()
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", port)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	script := "set -eu\n" + blocks[0] + "echo 'the first block has ended'\n" + blocks[1]
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "DATA_DIR="+filepath.Join(accessibleDir(t), "data"),
		"ADDR="+address, "REGISTRY_URL=http://"+address, "DATABASE_URL=")
	log, err := os.Create(filepath.Join(t.TempDir(), "log")) // a pipe would wait for the server
	require.NoError(t, err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { endGroup(t, cmd.Process.Pid, address) })
	err = cmd.Wait()
	text, readErr := os.ReadFile(log.Name())
	require.NoError(t, readErr)
	require.NoError(t, err, "%s", text)
	for _, want := range []string{"the first block has ended", "1 loaded, 0 refused",
		"dry run: nothing was written"} {
		require.Contains(t, string(text), want)
	}
}

// endGroup stops the server that the script left running, and waits until it has ended.
func endGroup(t *testing.T, group int, address string) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	require.Eventually(t, func() bool {
		res, err := http.Get("http://" + address + "/livez")
		if err == nil {
			res.Body.Close()
		}
		return err != nil && syscall.Kill(-group, 0) != nil
	}, time.Minute, 50*time.Millisecond)
}
