//go:build unix

package main

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

	first := startServing(t, set)
	found := shownToken.FindStringSubmatch(first.log.String())
	require.NotNil(t, found, "%s", first.log)
	token := found[1]
	require.Equal(t, 2, strings.Count(first.log.String(), token),
		"the sign-in message is the only place with the token")
	caller{server: first.testServer, token: token}.put(t, "model_config", "before",
		map[string]any{"provider": "p", "model": "m", "api_key": "s"})
	first.stop(t)

	second := startServing(t, set)
	require.NotContains(t, second.log.String(), "bwp_", "the token is shown only once")
	c := caller{server: second.testServer, token: token}
	c.get(t, resource("model_config", "before")).hasStatus(t, http.StatusOK)
	c.put(t, "agent", "just before", map[string]any{"model_config": "before"})
	require.NoError(t, second.cmd.Process.Kill())
	<-second.done

	third := startServing(t, set)
	c.server = third.testServer
	require.Equal(t, "before", c.spec(t, "agent", "just before")["model_config"])
	busy := start(t, set)
	busy.waitForExit(t, exitRefused)
	require.Contains(t, busy.log.String(),
		"is in use by process "+fmt.Sprint(third.cmd.Process.Pid))
	third.stop(t)
	require.Contains(t, third.log.String(), `"msg":"draining"`)
	require.NotContains(t, third.log.String(), "ERROR")
}

func TestShutdownCompletesRequestInFlight(t *testing.T) {
	t.Parallel()
	p := startServing(t, map[string]string{"DATABASE_URL": pgtest.Database(t),
		"DATA_DIR":    t.TempDir(),
		"ADMIN_TOKEN": platform})
	address := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	const body = `{"spec":{"template":"late"}}`
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/late HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer"+
			" %s\r\nContent-Length: %d\r\n\r\n%s", platform, len(body), body[:10])
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // the request has begun

	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
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
	p.waitForExit(t, exitDone)
}

func TestSecondSignalEndsProcessImmediately(t *testing.T) {
	t.Parallel()
	p := startServing(t, map[string]string{"DATABASE_URL": pgtest.Database(t),
		"DATA_DIR":    t.TempDir(),
		"ADMIN_TOKEN": platform})
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length:"+
			" 100\r\n\r\n{", platform)
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // the request has begun and never continues

	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "draining") },
		20*time.Second, 10*time.Millisecond)
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	p.waitForExit(t, -1) // by the signal
}

func TestStartingRegistryIsLiveButNotReady(t *testing.T) {
	t.Parallel()
	p := start(t, map[string]string{"DATA_DIR": accessibleDir(t), "ADMIN_TOKEN": platform})
	url := p.log.url(t)
	for path, want := range map[string]int{"/livez": http.StatusOK,
		"/readyz": http.StatusServiceUnavailable, "/api/v1/agents": http.StatusServiceUnavailable} {
		res, err := http.Get(url + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode, path)
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM)) // during the start
	p.waitForExit(t, exitDone)
}

func TestProcessExitStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set     map[string]string
		args    []string
		status  int
		wantLog string
	}{
		{map[string]string{"ADMIN_TOKEN": "short"}, nil, exitRefused,
			"ADMIN_TOKEN has 5 characters"},
		{map[string]string{"MULTI_TENANT": "maybe"}, []string{"serve"}, exitRefused,
			`invalid MULTI_TENANT "maybe"`},
		{nil, []string{"--what"}, exitUsage, "unknown flag --what"},
		{nil, []string{"serve", "--what"}, exitUsage, "unknown flag --what"},
		{nil, []string{"frobnicate"}, exitUsage, "frobnicate"},
		{map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir()},
			[]string{"migrate", "status"}, exitRefused, "registry migrate up"},
		{map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir()},
			[]string{"migrate"}, exitDone, "migrated"},
	} {
		p := start(t, c.set, c.args...)
		p.waitForExit(t, c.status)
		require.Contains(t, p.log.String(), c.wantLog)
	}
}
