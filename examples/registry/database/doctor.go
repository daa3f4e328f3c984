package database

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// DoctorCmd examines the database. It reads the same settings as serve.
type DoctorCmd struct {
	JSON bool `name:"json" help:"Print JSON for programs: an array of findings."`
	Fix  bool `help:"First run the SQL of the findings that are safe to fix."`
}

// Help lists what is checked and when a fix is safe.
func (DoctorCmd) Help() string {
	return `doctor checks roles, grants, row security, policies, keys, views, functions, settings and the
server's version. A finding is an error or a warning, and comes with the SQL that fixes it. With
MULTI_TENANT=true, serve refuses to start if the database has errors. A fix is safe (--fix) if it
deletes and rewrites no data, and takes rights from the library's own roles only.

Exit status: 0 no errors, 1 errors remain.`
}

// Run examines the database, with --fix after running the safe fixes, and prints
// the findings.
func (c *DoctorCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		findings, err := c.examine(ctx, t, o)
		if err != nil {
			return err
		}
		if c.JSON {
			err = t.PrintJSON(append([]doctor.Finding{}, findings...))
		} else {
			err = c.report(t, o.MultiTenant, findings)
		}
		if err == nil && slices.ContainsFunc(findings,
			func(f doctor.Finding) bool { return f.Severity == doctor.SeverityError }) {
			return terminal.ErrRefused
		}
		return err
	})
}

// examine returns the findings. With --fix it runs the safe fixes first and returns the
// findings that remain.
func (c *DoctorCmd) examine(
	ctx context.Context, t terminal.Terminal, o postgres.Options,
) ([]doctor.Finding, error) {
	if !c.Fix {
		return postgres.Doctor(ctx, o)
	}
	fixed, remaining, err := postgres.Mend(ctx, o)
	for _, f := range fixed {
		t.Note("fixed: %s: %s", f.Object, oneLine(f.Fix))
	}
	return remaining, err
}

// report prints a table of the findings, then their SQL, which can be run in psql as it
// is printed.
func (c *DoctorCmd) report(
	t terminal.Terminal, multiTenant bool, findings []doctor.Finding,
) error {
	if multiTenant {
		t.PrintLine("Examined with MULTI_TENANT=true.")
	} else {
		t.PrintLine("Examined with MULTI_TENANT off: the application role and its rights weren't" +
			" checked.")
	}
	if len(findings) == 0 {
		t.PrintLine("No findings.")
		return nil
	}
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	printRow := func(cells ...string) {
		fmt.Fprintln(table, strings.Join(cells, "\t")) // Flush returns the error
	}
	printRow("\nSEVERITY", "OBJECT", "WHY")
	for _, f := range findings {
		printRow(string(f.Severity), f.Object, f.Why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	t.PrintLine("\nSQL that fixes the findings:\n")
	for _, f := range findings {
		if f.Fix == "" {
			continue
		}
		safe := ""
		if f.Safe {
			safe = ", safe: --fix runs it"
		}
		t.PrintLine("-- %s (%s%s)\n%s;\n", f.Object, f.Code, safe, f.Fix)
	}
	return nil
}

// oneLine joins the lines of an SQL statement.
func oneLine(sql string) string { return strings.Join(strings.Fields(sql), " ") }
