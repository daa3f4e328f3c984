package archtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/archtest"
)

// newHost makes the module of a host, which finds the library in this folder.
func newHost(t *testing.T) string {
	t.Helper()
	library, err := filepath.Abs(root)
	require.NoError(t, err)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf("module example.com/host\n\ngo 1.26.0\n\n"+
		"require %[1]s v0.0.0\n\nreplace %[1]s => %[2]s\n", archtest.Module, library))
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// goCommand runs the go command in dir and returns what it prints.
func goCommand(t *testing.T, dir string, arguments ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", arguments...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestHostsGetFewModules counts the lines that `go mod tidy` writes into the go.sum of a host that
// imports one package. The tests of what it imports count, and the tests of their dependencies: the go
// command asks the module proxy for these.
func TestHostsGetFewModules(t *testing.T) {
	t.Parallel()
	watch(t)
	for _, host := range []struct {
		imports string
		lines   int
	}{
		{"tenancy", 2},
		{"adapters/postgres", 44},
		{"adapters/postgres/isolationtest", 44},
		{"adapters/postgres/postgrestest", 50},
		{"adapters/httpapi", 30},
	} {
		t.Run(host.imports, func(t *testing.T) {
			t.Parallel()
			dir := newHost(t)
			write(t, filepath.Join(dir, "main.go"), fmt.Sprintf("package main\n\nimport _ %q\n\n"+
				"func main() {}\n", own(host.imports)))
			out, err := goCommand(t, dir, "mod", "tidy")
			require.NoError(t, err, out)
			sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
			require.NoError(t, err)
			assert.LessOrEqual(t, strings.Count(string(sums), "\n"), host.lines, string(sums))
			for _, module := range strangers {
				assert.NotContains(t, string(sums), module)
			}
		})
	}
}

// strangers are modules that no host gets from the library.
var strangers = []string{"testcontainers", "docker", "moby", "containerd", "jackc/pgx",
	"gorm.io", "golang-jwt", "chromedp"}

// TestEmbedCompilesOutsideOfThisModule copies the example, with its tests, as a newcomer does.
// Outside of the module nothing internal can be imported.
func TestEmbedCompilesOutsideOfThisModule(t *testing.T) {
	t.Parallel()
	watch(t)
	dir := newHost(t)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "embed"), os.DirFS(root+"/examples/embed")))
	sums, err := os.ReadFile(root + "/go.sum") // spares the module proxy
	require.NoError(t, err)
	write(t, filepath.Join(dir, "go.sum"), string(sums))
	out, err := goCommand(t, dir, "vet", "./embed")
	require.NoError(t, err, out)
}
