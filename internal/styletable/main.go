package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

func main() {
	dirs := os.Args[1:]
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	var columns [][]row
	for _, dir := range dirs {
		m, err := measure(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "styletable:", err)
			os.Exit(1)
		}
		columns = append(columns, m.rows())
	}
	print(dirs, columns)
}

func print(dirs []string, columns [][]row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "measure")
	for _, dir := range dirs {
		fmt.Fprint(w, "\t", dir)
	}
	fmt.Fprintln(w)
	for i, r := range columns[0] {
		fmt.Fprint(w, r.name)
		for _, column := range columns {
			fmt.Fprint(w, "\t", column[i].value)
		}
		fmt.Fprintln(w)
	}
	w.Flush() // to a terminal or a pipe: what can't be written has no reader
}
