package archtest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/archtest"
)

const root = "../.."

// watch looks into every folder, so that `go test` runs the test again when a
// file has changed: it can't see what the go command reads.
func watch(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		return err
	}))
}

// loaded is what the go command says of the module: it takes a while, and is the same
// for every test.
type loaded struct {
	packages []archtest.Package
	graph    archtest.Graph
}

var load = sync.OnceValues(func() (l loaded, err error) {
	l.packages, l.graph, err = archtest.Load(root)
	return l, err
})

func loadModule(t *testing.T) ([]archtest.Package, archtest.Graph) {
	t.Helper()
	watch(t)
	l, err := load()
	require.NoError(t, err)
	return l.packages, l.graph
}

func TestTheImportRule(t *testing.T) {
	t.Parallel()
	packages, graph := loadModule(t)
	paths := map[string]bool{}
	for _, p := range packages {
		paths[p.Path] = true
	}
	for _, must := range []string{"tenancy", "federation", "ports", "adapters/memory",
		"internal/archtest"} {
		require.True(t, paths[must], "%s was not looked at", must)
	}
	require.Contains(t, graph, archtest.Module+"/tenancy.test", "no tests were looked at")

	for _, fault := range slices.Concat(
		archtest.CheckRooms(archtest.Rooms, packages),
		archtest.CheckDistances(archtest.Distances, packages, graph),
		archtest.CheckNames(archtest.BadNames, packages),
	) {
		t.Error(fault)
	}
}

func TestPackagesAreSmallEnoughToRead(t *testing.T) {
	t.Parallel()
	packages, _ := loadModule(t)
	faults, err := archtest.CheckSizes(archtest.Sizes, packages)
	require.NoError(t, err)
	for _, fault := range faults {
		t.Error(fault)
	}
}

// TestUsualChangesTouchFewFiles names the production files in which an example of each
// usual change is named: so many would a similar change touch.
func TestUsualChangesTouchFewFiles(t *testing.T) {
	t.Parallel()
	watch(t)
	require.Len(t, archtest.UsualChanges, 10)
	for _, c := range archtest.UsualChanges {
		t.Run(c.What, func(t *testing.T) {
			t.Parallel()
			files, err := archtest.FilesThatName(root, c.Example)
			require.NoError(t, err)
			t.Logf("%s is named in %d files:\n%s", c.What, len(files), strings.Join(files, "\n"))
			assert.NotEmpty(t, files, "the example is gone: name another")
			assert.Less(t, len(files), 10)
		})
	}
}

func TestTextIsPlain(t *testing.T) {
	t.Parallel()
	faults, err := archtest.CheckText(archtest.Texts, root)
	require.NoError(t, err)
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestWideLinesAndWordsToAvoidAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "package x // what stands behind it\n\n// " + strings.Repeat("w", 120) +
		"\n\n// a server behind a proxy\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.go"), []byte(text), 0o600))
	rules := archtest.Text{Columns: 120, Words: []string{"stands", "behind"},
		Phrases: []string{`behind a proxy`}}
	faults, err := archtest.CheckText(rules, dir)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`x.go:1: "stands": use the field's term`, "x.go:3: has 123 columns",
	}, faults)
	rules.Except = []string{"x.go"}
	faults, err = archtest.CheckText(rules, dir)
	require.NoError(t, err)
	assert.Empty(t, faults)
}

func TestLargePackagesAreFound(t *testing.T) {
	t.Parallel()
	packages, _ := loadModule(t)
	small := archtest.Size{Files: 60, Lines: 100}
	faults, err := archtest.CheckSizes(small, packages)
	require.NoError(t, err)
	assert.Greater(t, len(faults), 30)
	small = archtest.Size{Files: 1, Lines: 1 << 30, Except: []string{"..."}}
	faults, err = archtest.CheckSizes(small, packages)
	require.NoError(t, err)
	assert.Empty(t, faults)
}

func TestTheTopLevel(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if !isBuilt(e.Name()) {
			names = append(names, e.Name())
		}
	}
	for _, fault := range archtest.CheckTopLevel(archtest.TopLevel, names) {
		t.Error(fault)
	}
}

// isBuilt reports whether a name is what .gitignore keeps out of the
// repository: programs and profiles that a developer made.
func isBuilt(name string) bool {
	return name == "registry" || slices.Contains([]string{".test", ".prof"}, filepath.Ext(name))
}

func TestEveryRuleHasItsReason(t *testing.T) {
	t.Parallel()
	for _, r := range archtest.Rooms {
		assert.NotEmpty(t, r.Why, r.Path)
		for _, e := range slices.Concat(r.Edges, r.Tests) {
			assert.NotEmpty(t, e.Why, "%s → %s", r.Path, e.To)
		}
	}
	for _, d := range archtest.Distances {
		assert.NotEmpty(t, d.Why, "%v", d.To)
	}
}

// own is the full path of a package of this module.
func own(path string) string { return archtest.Module + "/" + path }

func TestForbiddenEdgesAreFound(t *testing.T) {
	t.Parallel()
	const bun, otter = "github.com/uptrace/bun", "github.com/maypok86/otter/v2"
	for _, c := range []struct {
		from, to string
		test     bool
	}{
		{"tenancy", own("federation"), false},
		{"tenancy", own("ports"), false},
		{"tenancy", own("tenancy/resolve"), false},
		{"tenancy", own("internal/pgtest"), false},
		{"tenancy", "github.com/go-json-experiment/json", false},
		{"tenancy", "golang.org/x/net/idna", false},
		{"tenancy", "github.com/stretchr/testify/assert", true},
		{"tenancy", own("ports"), true},
		{"tenancy", own("tenancy/resolve"), true},
		{"federation", own("ports"), false},
		{"federation", own("federation/promote"), false},
		{"federation", own("tenancy/admin"), false},
		{"federation", own("adapters/memory"), false},
		{"federation", "github.com/stretchr/testify/assert", false},
		{"federation", own("adapters/postgres"), true},
		{"ports", own("ports/portstest"), false},
		{"ports", own("tenancy/resolve"), false},
		{"ports", "github.com/google/uuid", false},
		{"ports/portstest", own("adapters/memory"), false},
		{"ports/portstest", "github.com/stretchr/testify/require", false},
		{"ports/portstest", "github.com/google/uuid", false},
		{"tenancy/admin", own("tenancy/resolve"), false},
		{"tenancy/admin", own("adapters/memory"), false},
		{"tenancy/admin", otter, false},
		{"tenancy/members", bun, false},
		{"tenancy/resolve", bun, false},
		{"tenancy/resolve", own("tenancy/admin"), true},
		{"federation/promote", own("federation/replicate"), false},
		{"federation/promote", own("adapters/postgres"), false},
		{"federation/promote", bun, true},
		{"adapters/httpapi", own("adapters/postgres"), false},
		{"adapters/httpapi", own("adapters/memory"), false},
		{"adapters/httpapi", bun, false},
		{"adapters/internal/router", own("adapters/httpapi"), false},
		{"adapters/adminui", own("adapters/httpapi"), false},
		{"adapters/adminui", own("tenancy/admin"), false},
		{"adapters/adminui", own("ports"), false},
		{"adapters/memory", own("ports/portstest"), false},
		{"adapters/memory", bun, false},
		{"adapters/postgres/migrations", own("adapters/memory"), false},
		{"adapters/postgres", own("examples/registry"), false},
		{"adapters/postgres/scoped", own("adapters/postgres"), false},
		{"adapters/postgres/schema", own("adapters/postgres/scoped"), false},
		{"adapters/postgres/internal/rls", own("adapters/postgres/internal/examine"), false},
		{"adapters/postgres/internal/examine", own("adapters/postgres/internal/rls"), false},
		{"adapters/postgres/internal/items", own("adapters/postgres/internal/identity"), false},
		{"adapters/postgres/internal/items", own("adapters/postgres"), false},
		{"adapters/postgres/internal/itemsql", own("adapters/postgres/internal/pool"), false},
		{"adapters/postgres/internal/itemsql", bun, false},
		{"adapters/postgres/internal/audit", own("adapters/postgres/internal/identity"), false},
		{"adapters/postgres", "github.com/uptrace/bunny", false},
		{"adapters/postgresql", bun, false},
		{"adapters/peer", otter, false},
		{"adapters/telemetry", own("adapters/httpapi"), false},
		{"adapters/telemetry", "github.com/uptrace/bun/driver/pgdriver", false},
		{"adapters/postgres", "go.opentelemetry.io/otel/trace", false},
		{"tenancy/resolve", "github.com/prometheus/client_golang/prometheus", false},
		{"internal/pgtest", own("examples/registry"), false},
		{"federated", own("tenancy"), false},
		{"models", own("tenancy"), false},
		{"", own("tenancy"), false},
	} {
		p := archtest.Package{Path: c.from, Name: "x"}
		if c.test {
			p.TestImports = []string{"testing", c.to}
		} else {
			p.Imports = []string{"fmt", c.to}
		}
		faults := archtest.CheckRooms(archtest.Rooms, []archtest.Package{p})
		if assert.Len(t, faults, 1, "%s → %s", c.from, c.to) {
			assert.True(t, strings.HasPrefix(faults[0], c.from), faults[0])
		}
	}
}

func TestAllowedEdgesAreNotFound(t *testing.T) {
	t.Parallel()
	const uuid, bun = "github.com/google/uuid", "github.com/uptrace/bun"
	for _, p := range []archtest.Package{
		{Path: "tenancy", Imports: []string{"net/http", "C", "unsafe", uuid},
			TestImports: []string{own("tenancy"), "testing"}},
		{Path: "federation", Imports: []string{
			own("tenancy"), "github.com/go-json-experiment/json/jsontext"}},
		{Path: "ports", Imports: []string{own("tenancy"), own("federation"), "iter"}},
		{Path: "ports/portstest", Imports: []string{own("ports")},
			TestImports: []string{own("adapters/memory"), own("ports/portstest")}},
		{Path: "tenancy/cacheinval",
			Imports: []string{own("tenancy"), "github.com/maypok86/otter/v2"}},
		{Path: "tenancy/resolve", Imports: []string{own("tenancy"), own("tenancy/cacheinval")},
			TestImports: []string{"pgregory.net/rapid"}},
		{Path: "federation/replicate", Imports: []string{own("ports"), own("federation")}},
		{Path: "adapters/httpapi",
			Imports: []string{own("federation/promote"), own("tenancy/admin"), own("ports")}},
		{Path: "adapters/adminui/forms", Imports: []string{own("adapters/internal/localpath"),
			own("adapters/adminui/pages"), own("federation")}},
		{Path: "adapters/httpapi",
			TestImports: []string{own("adapters/postgres"), own("internal/openapitest")}},
		{Path: "adapters/postgres", Imports: []string{own("adapters/postgres/migrations"),
			"github.com/uptrace/bun/driver/pgdriver"}},
		{Path: "adapters/telemetry",
			Imports: []string{own("tenancy/resolve"),
				"github.com/prometheus/client_golang/prometheus", "go.opentelemetry.io/otel/trace",
				bun + "/extra/bunotel"}, TestImports: []string{own("adapters/httpapi")}},
		{Path: "internal/pgtest", Imports: []string{own("adapters/postgres"),
			"github.com/testcontainers/testcontainers-go"}},
		{Path: "examples/registry", Imports: []string{own("adapters/postgres"),
			own("adapters/httpapi"), "github.com/alecthomas/kong"}},
	} {
		assert.Empty(t, archtest.CheckRooms(archtest.Rooms, []archtest.Package{p}), p.Path)
	}
}

func TestAForbiddenEdgeComesWithItsReason(t *testing.T) {
	t.Parallel()
	faults := archtest.CheckRooms(archtest.Rooms, []archtest.Package{
		{Path: "adapters/httpapi", Imports: []string{own("adapters/postgres")}},
	})
	require.Len(t, faults, 1)
	assert.True(t, strings.HasPrefix(faults[0],
		"adapters/httpapi imports adapters/postgres: forbidden, because an adapter can be"+
			" replaced without another one"), faults[0])
	assert.Contains(t, faults[0],
		"github.com/danielgtaylor/huma/v2/... (OpenAPI 3.1 out of Go types)")
}

func TestWhatIsReachedThroughOthersIsFound(t *testing.T) {
	t.Parallel()
	const docker = "github.com/docker/docker/client"
	const containers = "github.com/testcontainers/testcontainers-go"
	graph := archtest.Graph{
		own("adapters/postgres"): {"fmt", own("ports")},
		own("adapters/postgres.test"): {"testing", own("adapters/postgres_test") + " [" +
			own("adapters/postgres.test") + "]"},
		own("adapters/postgres_test") + " [" + own("adapters/postgres.test") +
			"]": {own("internal/pgtest")},

		own("internal/pgtest"):          {containers},
		own("internal/pgtest.test"):     {own("internal/pgtest")},
		containers:                      {docker},
		own("adapters/memory"):          {own("ports")},
		own("adapters/memory.test"):     {own("adapters/memory")},
		own("examples/registry"):        {own("adapters/memory")},
		own("examples/registry.test"):   {own("internal/pgtest")},
		own("examples/embed"):           {own("internal/pgtest")},
		own("federation/promote"):       {"github.com/stretchr/testify/require"},
		own("adapters/httpapi.test"):    {own("adapters/telemetry")},
		own("adapters/telemetry"):       {"github.com/prometheus/client_golang/prometheus"},
		own("ports"):                    {own("ports")}, // a circle ends too
		"github.com/mobyish/not-docker": {},
	}
	var packages []archtest.Package
	for _, path := range []string{
		"adapters/postgres", "adapters/memory", "internal/pgtest", "examples/registry",
		"examples/embed", "federation/promote", "ports",
		"adapters/httpapi", "adapters/telemetry",
	} {
		packages = append(packages, archtest.Package{Path: path})
	}
	faults := archtest.CheckDistances(archtest.Distances, packages, graph)
	require.Len(t, faults, 4)
	for i, want := range []string{
		"adapters/postgres.test → adapters/postgres_test → internal/pgtest → " + containers +
			": forbidden, because",
		"adapters/httpapi.test → adapters/telemetry →" +
			" github.com/prometheus/client_golang/prometheus: forbidden, because",
		"examples/embed → internal/pgtest → " + containers + ": forbidden, because",
		"federation/promote → github.com/stretchr/testify/require: forbidden, because",
	} {
		assert.True(t, strings.HasPrefix(faults[i], want), faults[i])
	}
}

func TestNamesThatSayNothingAreFound(t *testing.T) {
	t.Parallel()
	for _, p := range []archtest.Package{
		{Path: "", Name: "bailiwick"},
		{Path: "internal/util", Name: "util"},
		{Path: "tenancy/types", Name: "types"},
		{Path: "adapters/common/sql", Name: "sql"},
		{Path: "federation/model", Name: "models"},
		{Path: "internal/x", Name: "helpers"},
	} {
		assert.Len(t, archtest.CheckNames(archtest.BadNames, []archtest.Package{p}), 1, p.Path)
	}
	assert.Empty(t, archtest.CheckNames(archtest.BadNames, []archtest.Package{
		{Path: "federation/promote", Name: "promote"}, {Path: "internal/utility", Name: "utility"},
	}))
}

func TestStrangersAtTheTopLevelAreFound(t *testing.T) {
	t.Parallel()
	names := []string{".ci", ".git", ".gitignore", "README.md", "go.mod", "tenancy", "docs",
		"main.go", "Makefile", "pkg"}
	assert.Len(t, archtest.CheckTopLevel(archtest.TopLevel, names), 4)
}
