// Package database has the operator's commands that work on the database: migrate, doctor
// and rotate-signing-key. They read the same settings as serve.
package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// MigrateCmd changes the database's schema. It reads the same settings as serve.
type MigrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"1" help:"Migrate the schema up, online for a single-tenant database."`
	Plan   migratePlanCmd   `cmd:"" help:"Print the SQL of up or down, with the lock of each statement."`
	Status migrateStatusCmd `cmd:"" help:"Show the state of the schema; exit 1 if it isn't current."`
	Down   migrateDownCmd   `cmd:"" help:"Undo the migration of a single-tenant database."`
}

// Help describes the phases.
func (MigrateCmd) Help() string {
	return `A single-tenant database is migrated in two phases. After the phase expand, the old version still
works, and so does the new one with tenancy off. After the phase contract, the schema is that of a
fresh installation, and MULTI_TENANT=true is possible. contract refuses to start while the old version
sends statements, and names the sessions. Each phase can be interrupted and started again.

down undoes both phases, down --phase contract only the second one. Both refuse if another tenant has
rows. Both write the secrets of the vault back into the rows, in clear, and need SECRETS_KEY for that.`
}

// migrateUpCmd migrates up. It creates the schema of an empty database completely and
// migrates a single-tenant database up to the phase. It continues an interrupted
// migration.
type migrateUpCmd struct {
	Phase string        `enum:"expand,contract" default:"expand" help:"The last phase to run: expand or contract."`
	Watch time.Duration `default:"10s" help:"How long contract watches for statements of the old version, at least 2s."`
	JSON  bool          `name:"json" help:"Print JSON for programs: a line for each statement."`
}

// Run migrates the schema up and prints its state.
func (c *migrateUpCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		m := adoption.Options{Phase: adoption.Phase(c.Phase), Watch: c.Watch}
		plan, err := postgres.PlanUp(ctx, o, m)
		if err != nil {
			return err
		}
		unfit, err := postgres.FindUnfitRows(ctx, o)
		if err != nil {
			return err
		}
		noteUnfit(t, unfit)
		return runMigration(ctx, t, o, m, len(plan), c.JSON, postgres.MigrateUp)
	})
}

// runMigration runs a migration of this many statements in either direction. It shows the
// progress and then the state of the schema.
func runMigration(
	ctx context.Context, t terminal.Terminal, o postgres.Options, m adoption.Options,
	statements int, asJSON bool,
	run func(context.Context, postgres.Options, adoption.Options) error,
) error {
	bar := newMigrationProgress(t, statements, asJSON)
	m.OnEvent = bar.handle
	err := run(ctx, o, m)
	bar.done()
	if err != nil {
		return err
	}
	return printStatus(ctx, t, o, asJSON)
}

// printStatus prints the state of the schema, and the sessions that wrote without a
// tenant.
func printStatus(ctx context.Context, t terminal.Terminal, o postgres.Options, asJSON bool) error {
	status, err := postgres.Status(ctx, o)
	if err != nil {
		return err
	}
	if asJSON {
		return t.PrintJSON(status)
	}
	t.PrintLine("%s", stateTexts[status.State])
	for _, s := range status.UntenantedSessions {
		t.PrintLine("Written without a tenant at %s: table %s, by application %q, role %s, client"+
			" %s.",
			s.SeenAt.UTC().Format(time.RFC3339), s.Table, s.Application, s.Role, s.Client)
	}
	return nil
}

// stateTexts describes each state, with the command for the next step.
var stateTexts = map[adoption.State]string{
	"absent":       "The database is empty. To create the schema: registry migrate up",
	"tenant-owned": "The schema is current.",
	"contracted":   "The schema is current.",
	"single-tenant": "The database is single-tenant. To expand it while it is in use: registry" +
		" migrate up",
	"expanding": "The phase expand isn't complete. To continue: registry migrate up",
	"expanded": "The database is expanded: the old version works, and this version works with" +
		" tenancy off.\nAfter the old version has stopped: registry migrate up --phase contract",
	"contracting": "The phase contract isn't complete. To continue: registry migrate up --phase" +
		" contract",
}

// migratePlanCmd prints the SQL of a migration without running it.
type migratePlanCmd struct {
	Phase string `enum:"expand,contract" default:"expand" help:"The last phase of the plan: expand or contract."`
	Down  bool   `help:"Plan down instead of up."`
	JSON  bool   `name:"json" help:"Print JSON for programs: an array of statements."`
}

// Run prints the plan as SQL.
func (c *migratePlanCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		planFunc := postgres.PlanUp
		if c.Down {
			planFunc = postgres.PlanDown
		}
		plan, err := planFunc(ctx, o, adoption.Options{Phase: adoption.Phase(c.Phase)})
		if err != nil {
			return err
		}
		var unfit []adoption.UnfitRows
		if !c.Down {
			if unfit, err = postgres.FindUnfitRows(ctx, o); err != nil {
				return err
			}
			migrations, err := postgres.PendingMigrations(ctx, o)
			if err != nil {
				return err
			}
			plan = append(plannedMigrations(migrations), plan...)
		}
		if c.JSON {
			noteUnfit(t, unfit)
			return t.PrintJSON(append([]adoption.PlannedStatement{}, plan...))
		}
		printPlan(t, plan)
		printUnfit(t, unfit)
		return nil
	})
}

// plannedMigrations returns the plan of migrations, which run in one transaction. They touch only
// what the registry created.
func plannedMigrations(names []string) []adoption.PlannedStatement {
	var plan []adoption.PlannedStatement
	for _, name := range names {
		plan = append(plan, adoption.PlannedStatement{Phase: adoption.Expand, Lock: "none",
			Step: "migration", SQL: []string{"-- run the migration " + name}})
	}
	return plan
}

// printPlan prints a plan as SQL. Comments name the phase, the lock and about how many
// rows are read. Statements that run in one transaction have BEGIN and COMMIT.
func printPlan(t terminal.Terminal, plan []adoption.PlannedStatement) {
	if len(plan) == 0 {
		t.PrintLine("-- Nothing to do: the schema is current for this phase.")
	}
	for _, p := range plan {
		on := ""
		if p.On != "" {
			on = " on " + p.On
		}
		rows := ", catalog only"
		if p.Rows > 0 {
			rows = fmt.Sprintf(", about %d rows", p.Rows)
		}
		t.PrintLine("-- %s: %s\n-- lock: %s%s%s", p.Phase, p.Step, p.Lock, on, rows)
		text := strings.Join(p.SQL, ";\n") + ";"
		if !p.Alone && len(p.SQL) > 1 {
			text = "BEGIN;\n" + text + "\nCOMMIT;"
		}
		t.PrintLine("%s\n", text)
	}
}

// migrateStatusCmd prints the state of the schema. For a database that should be
// current, it also opens the database, which checks it.
type migrateStatusCmd struct {
	JSON bool `name:"json" help:"Print JSON for programs."`
}

// Run prints the state of the schema. It returns terminal.ErrRefused if the schema isn't
// current; with tenancy off, an expanded database is current too.
func (c *migrateStatusCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		status, err := postgres.Status(ctx, o)
		if err != nil {
			return err
		}
		if status.State == "absent" || status.State == "tenant-owned" ||
			status.State == "contracted" {
			o.SkipMigrations = true
			db, err := postgres.Open(ctx, o)
			if err != nil {
				return server.NotCurrent(o, err)
			}
			return errors.Join(printStatus(ctx, t, o, c.JSON), db.Close())
		}
		if err := printStatus(ctx, t, o, c.JSON); err != nil {
			return err
		}
		if status.State == "expanded" && !o.MultiTenant {
			return nil
		}
		return terminal.ErrRefused
	})
}

// migrateDownCmd undoes the phases of a single-tenant database's migration.
type migrateDownCmd struct {
	Phase string `enum:"expand,contract" default:"expand" help:"The last phase to undo; expand undoes both."`
	JSON  bool   `name:"json" help:"Print JSON for programs: a line for each statement."`
}

// Run undoes the migration and prints the state of the schema.
func (c *migrateDownCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		m := adoption.Options{Phase: adoption.Phase(c.Phase)}
		plan, err := postgres.PlanDown(ctx, o, m)
		if err != nil {
			return err
		}
		return runMigration(ctx, t, o, m, len(plan), c.JSON, postgres.MigrateDown)
	})
}
