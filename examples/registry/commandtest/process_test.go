//go:build unix

package commandtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// accessibleDir returns a new directory that every user can enter. If root starts it,
// PostgreSQL runs as another user.
func accessibleDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "registry-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

var shownToken = regexp.MustCompile(`(?m)^  (bwp_\S+)$`)

func TestRegistryOnEmbeddedDatabaseKeepsItsData(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATA_DIR": filepath.Join(accessibleDir(t), "data")}

	first := harness.StartServing(t, set)
	found := shownToken.FindStringSubmatch(first.Log.String())
	require.NotNil(t, found, "%s", first.Log)
	token := found[1]
	require.Equal(t, 2, strings.Count(first.Log.String(), token),
		"the sign-in message is the only place with the token")
	harness.Caller{Server: first.Server, Token: token}.Put(t, "model_config", "before",
		map[string]any{"provider": "p", "model": "m", "api_key": "s"})
	first.Stop(t)

	second := harness.StartServing(t, set)
	require.NotContains(t, second.Log.String(), "bwp_", "the token is shown only once")
	c := harness.Caller{Server: second.Server, Token: token}
	c.Get(t, harness.Resource("model_config", "before")).HasStatus(t, http.StatusOK)
	c.Put(t, "agent", "just before", map[string]any{"model_config": "before"})
	require.NoError(t, second.Cmd.Process.Kill())
	<-second.Done

	third := harness.StartServing(t, set)
	c.Server = third.Server
	require.Equal(t, "before", c.Spec(t, "agent", "just before")["model_config"])
	busy := harness.Start(t, set)
	busy.WaitForExit(t, cli.ExitRefused)
	require.Contains(t, busy.Log.String(),
		"is in use by process "+fmt.Sprint(third.Cmd.Process.Pid))
	third.Stop(t)
	require.Contains(t, third.Log.String(), `"msg":"draining"`)
	require.NotContains(t, third.Log.String(), "ERROR")
}

func TestOperatorsCommandsWorkBesideServerWithEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATA_DIR": filepath.Join(accessibleDir(t), "data"),
		"MULTI_TENANT": "true", "ADMIN_TOKEN": harness.Platform}
	p := harness.StartServing(t, set)
	for _, args := range [][]string{{"doctor"}, {"migrate", "plan"}, {"migrate", "status"},
		{"migrate", "up"}, {"rotate-signing-key"}} {
		got := harness.Run(t, set, args...)
		require.Equal(t, cli.ExitDone, got.Status, "%v: %s%s", args, got.Out, got.Err)
		require.Contains(t, got.Err, "using the PostgreSQL of a running server")
	}
	harness.Caller{Server: p.Server, Token: harness.Platform}.Get(t, "/readyz").
		HasStatus(t, http.StatusOK)
	p.Stop(t)
	require.Equal(t, cli.ExitDone, harness.Run(t, set, "migrate", "status").Status,
		"the command starts the database itself")
}

func TestShutdownCompletesRequestInFlight(t *testing.T) {
	t.Parallel()
	p := harness.StartServing(t, map[string]string{"DATABASE_URL": pgtest.Database(t),
		"DATA_DIR":    t.TempDir(),
		"ADMIN_TOKEN": harness.Platform})
	address := strings.TrimPrefix(p.URL, "http://")
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	const body = `{"spec":{"template":"late"}}`
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/late HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer"+
			" %s\r\nContent-Length: %d\r\n\r\n%s", harness.Platform, len(body), body[:10])
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // the request has begun

	require.NoError(t, p.Cmd.Process.Signal(syscall.SIGTERM))
	refused := func() bool {
		other, err := net.Dial("tcp", address)
		if err == nil {
			other.Close()
		}
		return err != nil
	}
	require.Eventually(t, refused, 20*time.Second, 10*time.Millisecond,
		"new connections are accepted while it drains")
	_, err = io.WriteString(conn, body[10:])
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusCreated, res.StatusCode)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"late"`)
	p.WaitForExit(t, cli.ExitDone)
}

func TestSecondSignalEndsProcessImmediately(t *testing.T) {
	t.Parallel()
	p := harness.StartServing(t, map[string]string{"DATABASE_URL": pgtest.Database(t),
		"DATA_DIR":    t.TempDir(),
		"ADMIN_TOKEN": harness.Platform})
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length:"+
			" 100\r\n\r\n{", harness.Platform)
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // the request has begun and never continues

	require.NoError(t, p.Cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return strings.Contains(p.Log.String(), "draining") },
		20*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Cmd.Process.Signal(os.Interrupt))
	p.WaitForExit(t, -1) // by the signal
}

func TestStartingRegistryIsLiveButNotReady(t *testing.T) {
	t.Parallel()
	p := harness.Start(t, map[string]string{"DATA_DIR": accessibleDir(t),
		"ADMIN_TOKEN": harness.Platform})
	url := p.Log.URL(t)
	for path, want := range map[string]int{"/livez": http.StatusOK,
		"/readyz": http.StatusServiceUnavailable, "/api/v1/agents": http.StatusServiceUnavailable} {
		res, err := http.Get(url + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode, path)
	}
	require.NoError(t, p.Cmd.Process.Signal(syscall.SIGTERM)) // during the start
	p.WaitForExit(t, cli.ExitDone)
}

func TestProcessExitStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set     map[string]string
		args    []string
		status  int
		wantLog string
	}{
		{map[string]string{"ADMIN_TOKEN": "short"}, nil, cli.ExitRefused,
			"ADMIN_TOKEN has 5 characters"},
		{map[string]string{"MULTI_TENANT": "maybe"}, []string{"serve"}, cli.ExitRefused,
			`invalid MULTI_TENANT "maybe"`},
		{nil, []string{"--what"}, cli.ExitUsage, "unknown flag --what"},
		{nil, []string{"serve", "--what"}, cli.ExitUsage, "unknown flag --what"},
		{nil, []string{"frobnicate"}, cli.ExitUsage, "frobnicate"},
		{map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir()},
			[]string{"migrate", "status"}, cli.ExitRefused, "registry migrate up"},
		{map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir()},
			[]string{"migrate"}, cli.ExitDone, "migrated"},
	} {
		p := harness.Start(t, c.set, c.args...)
		p.WaitForExit(t, c.status)
		require.Contains(t, p.Log.String(), c.wantLog)
	}
}
