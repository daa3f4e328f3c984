// Command styletable measures how a Go module reads: the size of its packages, files,
// functions and interfaces, its comments, and whether exported names are documented.
//
//	git worktree add /tmp/before 72d29b2
//	go run ./internal/styletable /tmp/before .
//
// It prints a column for each folder that it is given; without one, of this folder.
// Files of tests count as such. A line is as wide as with tabs of four columns.
package main
