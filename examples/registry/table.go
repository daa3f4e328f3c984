package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
)

// printTable prints a table for people: a line of headings, then the rows.
func (t terminal) printTable(headings []string, rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{headings}, rows...) {
		for i, cell := range row {
			if row[i] = printable(cell); cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// printable is text that does nothing to a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		// escape sequences, and what turns a line around
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
