package apitest

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

var updateReadme = flag.Bool("update-readme", false, "write generated sections into README.md")

// readmeLock keeps parallel tests from writing at the same time.
var readmeLock sync.Mutex

// requireInReadme requires that the named section of README.md has this text. With
// -update-readme it writes the text.
func requireInReadme(t *testing.T, section, text string) {
	t.Helper()
	readmeLock.Lock()
	defer readmeLock.Unlock()
	const readme = "../../README.md"
	begin, end := "<!-- "+section+" -->\n", "<!-- end of the "+section+" -->\n"
	content, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, hasBegin := strings.Cut(string(content), begin)
	current, after, hasEnd := strings.Cut(rest, end)
	require.True(t, hasBegin && hasEnd, "README.md lacks the section markers: %s%s", begin, end)
	if *updateReadme {
		require.NoError(t, os.WriteFile(readme, []byte(before+begin+text+end+after), 0o644))
		return
	}
	require.Equal(t, text, current,
		"the README is out of date: go test -run %s ./examples/registry -update-readme", t.Name())
}

func TestReadmeRolesTableMatchesPermissions(t *testing.T) {
	t.Parallel()
	requireInReadme(t, "table of roles", rolesTable())
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
