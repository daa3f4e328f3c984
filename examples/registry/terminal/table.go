package terminal

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
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

// Printable replaces what could control a terminal: control characters, and format
// characters such as those that change the direction of the text.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
