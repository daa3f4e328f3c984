package terminal

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// PrintTable prints a line of headings, then the rows. An empty cell becomes "-".
func (t Terminal) PrintTable(headings []string, rows [][]string) error {
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{headings}, rows...) {
		for i, cell := range row {
			if row[i] = Printable(cell); cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// Printable replaces what could control a terminal or isn't visible: the characters that
// [tenancy.ShowsNothing] reports.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if tenancy.ShowsNothing(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
