package main

import (
	"context"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// doctorCmd examines the database. Its settings are those of serve.
type doctorCmd struct {
	JSON bool `name:"json" help:"Print JSON for programs: an array of findings."`
	Fix  bool `help:"First run the SQL of the findings that are safe to mend."`
}

// Help says what is looked at.
func (doctorCmd) Help() string {
	return `It looks at roles, grants, row security, policies, keys, views, functions, settings and the server's version.
A finding is an error, which serve refuses with MULTI_TENANT=true, or a warning; beside it stands the SQL that mends it.
It is safe to mend (--fix) where nobody but the library's own roles loses anything, and no data is deleted or rewritten.

Exit status: 0 no errors, 1 errors are left.`
}

// Run examines, mends if it is told to, and tells what it found.
func (c *doctorCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		findings, err := c.examine(ctx, t, o)
		if err != nil {
			return err
		}
		if c.JSON {
			err = t.printJSON(append([]postgres.Finding{}, findings...))
		} else {
			err = c.report(t, o.MultiTenant, findings)
		}
		if err == nil && slices.ContainsFunc(findings,
			func(f postgres.Finding) bool { return f.Severity == postgres.SeverityError }) {
			return errRefused
		}
		return err
	})
}

func (c *doctorCmd) examine(
	ctx context.Context, t terminal, o postgres.Options,
) ([]postgres.Finding, error) {
	if !c.Fix {
		return postgres.Doctor(ctx, o)
	}
	mended, left, err := postgres.Mend(ctx, o)
	for _, f := range mended {
		t.note("mended: %s: %s", f.Object, oneLine(f.Fix))
	}
	return left, err
}

func (c *doctorCmd) report(t terminal, multiTenant bool, findings []postgres.Finding) error {
	if multiTenant {
		t.printLine("Examined with MULTI_TENANT=true.")
	} else {
		t.printLine("Examined with MULTI_TENANT off: what the application's role is and may do wasn't" +
			" looked at.")
	}
	if len(findings) == 0 {
		t.printLine("Nothing was found.")
		return nil
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	// Flush answers the error
	tab := func(cells ...string) { _, _ = table.Write([]byte(strings.Join(cells, "\t") + "\n")) }
	tab("\nSEVERITY", "OBJECT", "WHY")
	for _, f := range findings {
		tab(string(f.Severity), f.Object, f.Why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	t.printLine("\nThe SQL that mends it:\n")
	for _, f := range findings {
		if f.Fix == "" {
			continue
		}
		safe := ""
		if f.Safe {
			safe = ", safe: --fix runs it"
		}
		t.printLine("-- %s (%s%s)\n%s;\n", f.Object, f.Code, safe, f.Fix)
	}
	return nil
}

func oneLine(sql string) string { return strings.Join(strings.Fields(sql), " ") }
