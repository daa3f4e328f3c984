package isolationtest

import (
	"fmt"
	"slices"
	"strings"
)

// Walls says which walls stand while an attack is made.
type Walls int

// The three settings.
const (
	BothWalls   Walls = iota
	FilterAlone       // row security is off: what the library's statements carry must do
	PolicyAlone       // the filter is taken out of every statement: row security must do
)

var wallNames = [...]string{"both walls", "filter alone", "policy alone"}

// String names the setting.
func (w Walls) String() string { return wallNames[w] }

// Matrix is what came of the attacks.
type Matrix struct {
	Tables   int // with a column tenant_id, views included
	Routes   int
	Rows     []Row
	Breaches []Breach
}

// Row is one kind of attack, over all tables or a group of routes.
type Row struct {
	Attack string
	Cells  [3]Cell // by [Walls]
}

// Cell counts. Where no attack was made, the walls that stand don't claim to
// hold.
type Cell struct{ Attacks, Breaches int }

// Breach is an attack that got through, or one that couldn't be made.
type Breach struct {
	Attack string // of which row
	Walls  Walls
	On     string // the table or the route
	Reason string
}

// String is the breach in one line.
func (b Breach) String() string {
	return fmt.Sprintf("%s, %s, %s: %s", b.Walls, b.Attack, b.On, b.Reason)
}

// Held reports whether every attack was made and none got through.
func (m Matrix) Held() bool { return len(m.Breaches) == 0 }

// Markdown is the matrix as a table: in each cell whether the walls held, and
// against how many attacks.
func (m Matrix) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| attack (%d tables and views, %d routes) | %s | %s | %s"+
		" |\n|---|---|---|---|\n",
		m.Tables, m.Routes, BothWalls, FilterAlone, PolicyAlone)
	for _, r := range m.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Attack, r.Cells[BothWalls],
			r.Cells[FilterAlone], r.Cells[PolicyAlone])
	}
	return b.String()
}

// String is the matrix for a log.
func (m Matrix) String() string {
	if m.Held() {
		return "isolation held:\n" + m.Markdown()
	}
	return fmt.Sprintf("isolation has %d breaches:\n%s", len(m.Breaches), m.Markdown())
}

// String is what stands in the matrix.
func (c Cell) String() string {
	switch {
	case c.Attacks == 0:
		return "–"
	case c.Breaches == 0:
		return fmt.Sprintf("✓ %d", c.Attacks)
	}
	return fmt.Sprintf("✗ %d of %d", c.Breaches, c.Attacks)
}

// maxReason cuts statements and answers in a report, in bytes.
const maxReason = 1000

// record counts one attack; a reason makes it a breach.
func (e *examination) record(attack, on, reason string) {
	i := slices.IndexFunc(e.matrix.Rows, func(r Row) bool { return r.Attack == attack })
	if i < 0 {
		i = len(e.matrix.Rows)
		e.matrix.Rows = append(e.matrix.Rows, Row{Attack: attack})
	}
	cell := &e.matrix.Rows[i].Cells[e.walls]
	cell.Attacks++
	if reason == "" {
		return
	}
	cell.Breaches++
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + " …"
	}
	e.matrix.Breaches = append(e.matrix.Breaches,
		Breach{Attack: attack, Walls: e.walls, On: on, Reason: reason})
}
