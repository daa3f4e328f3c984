package apitest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var updateDocs = flag.Bool("update-docs", false, "write the generated tables into .github/docs")

// docsLock keeps parallel tests from writing at the same time.
var docsLock sync.Mutex

// requireInDocs requires that the named section of a file in .github/docs has this text.
// With -update-docs it writes the text.
func requireInDocs(t *testing.T, file, section, text string) {
	t.Helper()
	docsLock.Lock()
	defer docsLock.Unlock()
	path := filepath.Join("../../../.github/docs", file)
	begin, end := "<!-- "+section+" -->\n", "<!-- end of the "+section+" -->\n"
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, hasBegin := strings.Cut(string(content), begin)
	current, after, hasEnd := strings.Cut(rest, end)
	require.True(t, hasBegin && hasEnd, "%s lacks the section markers: %s%s", file, begin, end)
	if *updateDocs {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+text+end+after), 0o644))
		return
	}
	require.Equal(t, text, current,
		"%s is out of date: go test -run %s ./examples/registry/apitest -update-docs", file,
		t.Name())
}

// TestRoleTable requires that permissions.md has the permissions that requests are checked
// against.
func TestRoleTable(t *testing.T) {
	t.Parallel()
	requireInDocs(t, "permissions.md", "table of roles", rolesTable())
}

// rolesTable formats the permissions of all roles as a Markdown table.
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
