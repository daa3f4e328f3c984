package pgtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) {
	code := pgtest.Run(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// rerun runs one test of this package in a separate process with other settings, and returns its
// output.
func rerun(t *testing.T, test string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.count=1")
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if name != "DATABASE_URL" && !strings.HasPrefix(name, "PGTEST_") {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestPrivateClusterIsUsedIfNoEngineAnswers(t *testing.T) {
	t.Parallel()
	temp := sharedDir(t)
	out, err := rerun(t, "TestDatabaseIsEmptyAndItsUserIsSuperuser",
		"DOCKER_HOST=unix:///nowhere.sock", "TMPDIR="+temp)
	require.NoError(t, err, out)
	require.Contains(t, out, "pgtest: local: a private cluster of ")
	require.Contains(t, out,
		"; not container: no container engine answers (start Docker or Podman, or set"+
			" DOCKER_HOST): unix:///nowhere.sock: ")
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

// If the image can't be pulled, or there is no engine, the private cluster is used.
func TestPrivateClusterIsUsedIfTheImageCannotBePulled(t *testing.T) {
	t.Parallel()
	out, err := rerun(t, "TestDatabaseIsEmptyAndItsUserIsSuperuser",
		"PGTEST_IMAGE=127.0.0.1:1/none:1", "TESTCONTAINERS_RYUK_DISABLED=true")
	require.NoError(t, err, out)
	require.Contains(t, out, "pgtest: local: ")
	require.Contains(t, out, "; not container: ")
}

func TestForcedStepThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	out, err := rerun(t, "TestDatabaseIsEmptyAndItsUserIsSuperuser", "PGTEST_ONLY=container",
		"DOCKER_HOST=unix:///nowhere.sock")
	require.Error(t, err)
	require.Contains(t, out, "container: no container engine answers")
	require.NotContains(t, out, "local:")
}

func TestServerOfDatabaseURLKeepsNoDatabase(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop()) }()
	out, err := rerun(t, "TestTemplateIsFilledOnceAndCopied", "DATABASE_URL="+server.URL())
	require.NoError(t, err, out)
	require.Contains(t, out, "pgtest: url: DATABASE_URL")
	require.Equal(t, "postgres",
		ask(t, server.URL(), "SELECT string_agg(datname, ' ') FROM pg_database"+
			" WHERE NOT datistemplate"))
}

func sharedDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtest-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}
