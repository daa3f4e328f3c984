package database

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// printUnfit prints, as SQL, how the rows are found that the new version's rules refuse. What
// mends them is a comment, because it is the operator's decision.
func printUnfit(t terminal.Terminal, unfit []adoption.UnfitRows) {
	if len(unfit) == 0 {
		return
	}
	t.PrintLine("-- Rows that the new version's rules refuse. The migration keeps them: items stay" +
		" readable and\n-- deletable, and an export names them. Mend them before or after it.\n")
	for _, u := range unfit {
		t.PrintLine("-- %s, %d rows: %s\n%s;\n-- mend: %s\n", u.Table, u.Count, u.Why, u.Find,
			strings.ReplaceAll(u.Mend, "\n", "\n-- "))
	}
}

// noteUnfit writes one line for each kind of unfit rows to standard error.
func noteUnfit(t terminal.Terminal, unfit []adoption.UnfitRows) {
	for _, u := range unfit {
		t.Note("%s, %d rows: %s (registry migrate plan shows the SQL that finds them)", u.Table,
			u.Count, u.Why)
	}
}
