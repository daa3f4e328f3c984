package browser_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

const childVariable = "BROWSER_TEST_CHILD"

// child opens a page, says so and waits to be killed.
func child(t *testing.T) {
	browser.Open(t, browser.Options{})
	fmt.Println("open")
	select {}
}

func TestChromiumEndsWithAKilledTest(t *testing.T) {
	t.Parallel()
	if os.Getenv(childVariable) != "" {
		child(t)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childVariable+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "open") {
	}
	require.NoError(t, lines.Err())
	mine := filepath.Join(os.TempDir(), fmt.Sprintf("bailiwick-browser-%d-", cmd.Process.Pid))
	require.NotEmpty(t, processesWith(mine))

	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return len(processesWith(mine)) == 0 }, 20*time.Second,
		50*time.Millisecond)
	require.NoError(t, browser.Sweep(os.TempDir())) // as the next start does
	left, err := filepath.Glob(mine + "*")
	require.NoError(t, err)
	require.Empty(t, left)
}
