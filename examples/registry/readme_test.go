package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var updateReadme = flag.Bool("update-readme", false, "write into README.md what tests make of it")

// readmeLock keeps tests that run side by side from writing at once.
var readmeLock sync.Mutex

// requireInReadme wants README.md to have text in the place that is made for it.
func requireInReadme(t *testing.T, place, text string) {
	t.Helper()
	readmeLock.Lock()
	defer readmeLock.Unlock()
	const readme = "../../README.md"
	begin, end := "<!-- "+place+" -->\n", "<!-- end of the "+place+" -->\n"
	whole, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(whole), begin)
	written, after, ends := strings.Cut(rest, end)
	require.True(t, begins && ends, "README.md has no place for it: %s%s", begin, end)
	if *updateReadme {
		require.NoError(t, os.WriteFile(readme, []byte(before+begin+text+end+after), 0o644))
		return
	}
	require.Equal(t, text, written,
		"the README is out of date: go test -run %s ./examples/registry -update-readme", t.Name())
}

func TestReadmeRolesTableMatchesPermissions(t *testing.T) {
	t.Parallel()
	requireInReadme(t, "table of roles", rolesTable())
}

func rolesTable() string {
	var b strings.Builder
	b.WriteString("| to | permission | viewer | editor | admin | replicator | super-admin" +
		" |\n|---|---|---|---|---|---|---|\n")
	for _, g := range tenancy.Grants() {
		fmt.Fprintf(&b, "| %s | `%s` |", g.Doc, g.Permission)
		for _, r := range tenancy.Roles() {
			mark := ""
			if slices.Contains(g.Roles, r) {
				mark = "yes"
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteString(" yes |\n")
	}
	return b.String()
}
