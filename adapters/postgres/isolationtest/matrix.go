package isolationtest

import (
	"fmt"
	"slices"
	"strings"
)

// Walls says which mechanisms of isolation are on during an attack.
type Walls int

// The three settings.
const (
	BothWalls   Walls = iota
	FilterAlone       // row security is off: only the filter in the library's statements isolates
	PolicyAlone       // statements have no filter: only row security isolates
)

var wallNames = [...]string{"both walls", "filter alone", "policy alone"}

// String returns the name of the setting.
func (w Walls) String() string { return wallNames[w] }

// Matrix is the result of the attacks.
type Matrix struct {
	Tables   int // with a column tenant_id, views included
	Routes   int
	Rows     []Row
	Breaches []Breach
}

// Row is the result of one kind of attack on all tables or on a group of routes.
type Row struct {
	Attack string
	Cells  [3]Cell // by [Walls]
}

// Cell counts attacks and breaches. Without attacks, the setting doesn't claim to stop this
// kind of attack.
type Cell struct{ Attacks, Breaches int }

// Breach is an attack that succeeded, or one that couldn't be made.
type Breach struct {
	Attack string // the Attack of its Row
	Walls  Walls
	On     string // the table or the route
	Reason string
}

// String returns the breach in one line.
func (b Breach) String() string {
	return fmt.Sprintf("%s, %s, %s: %s", b.Walls, b.Attack, b.On, b.Reason)
}

// Held reports whether every attack was made and none succeeded.
func (m Matrix) Held() bool { return len(m.Breaches) == 0 }

// Markdown returns the matrix as a table. Each cell says whether the attacks were stopped, and
// how many there were.
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

// String returns the matrix for a log.
func (m Matrix) String() string {
	if m.Held() {
		return "isolation held:\n" + m.Markdown()
	}
	return fmt.Sprintf("isolation has %d breaches:\n%s", len(m.Breaches), m.Markdown())
}

// String returns the text of the cell in the matrix.
func (c Cell) String() string {
	switch {
	case c.Attacks == 0:
		return "–"
	case c.Breaches == 0:
		return fmt.Sprintf("✓ %d", c.Attacks)
	}
	return fmt.Sprintf("✗ %d of %d", c.Breaches, c.Attacks)
}

// maxReason is the length in bytes at which the reason of a breach is cut.
const maxReason = 1000

// record counts one attack. A reason that isn't empty makes it a breach.
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
