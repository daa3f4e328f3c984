package database

import (
	"strconv"

	"github.com/schollz/progressbar/v3"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// migrationProgress shows the progress of a migration: a bar on a terminal, JSON
// lines with --json.
type migrationProgress struct {
	terminal terminal.Terminal
	bar      *progressbar.ProgressBar // nil: standard error isn't a terminal
	json     bool
	rows     int64 // rows changed by the current statement
}

// newMigrationProgress starts the progress of a migration of this many statements.
func newMigrationProgress(t terminal.Terminal, statements int, asJSON bool) *migrationProgress {
	m := &migrationProgress{terminal: t, json: asJSON}
	f, ok := terminal.File(t.Err)
	if statements == 0 || !ok {
		return m
	}
	m.bar = progressbar.NewOptions(statements,
		progressbar.OptionSetWriter(f), progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(true))
	return m
}

// event is one line of --json output.
type event struct {
	Event string `json:"event"`
	Phase string `json:"phase"`
	Step  string `json:"step"`
	SQL   string `json:"sql"`
	Rows  int64  `json:"rows"`
}

// handle shows one event.
func (m *migrationProgress) handle(e adoption.Event) error {
	if m.json {
		return m.terminal.PrintJSON(event{string(e.Kind), string(e.Phase), e.Step, e.SQL, e.Rows})
	}
	if m.bar == nil {
		return nil
	}
	switch e.Kind {
	case "begun":
		m.rows = 0
		m.bar.Describe(e.Step)
	case "batch":
		m.rows += e.Rows
		m.bar.Describe(e.Step + ": " + rowCount(m.rows))
	case "waited":
		m.bar.Describe(e.Step + ": waiting for a lock")
	case "ended":
		return m.bar.Add(1)
	}
	return nil
}

// done removes the bar.
func (m *migrationProgress) done() {
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}

// rowCount formats a number of rows.
func rowCount(n int64) string { return strconv.FormatInt(n, 10) + " rows" }
