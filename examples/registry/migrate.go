package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// migrateCmd works on the database's schema. Its settings are those of serve.
type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"1" help:"Bring the schema up: a fresh database wholly, a single-tenant one step by step while others use it."`
	Plan   migratePlanCmd   `cmd:"" help:"Print the SQL that up or down would run, with the lock that each statement takes."`
	Status migrateStatusCmd `cmd:"" help:"Say how far the database is; exit 1 if its schema isn't current."`
	Down   migrateDownCmd   `cmd:"" help:"Take the change of a single-tenant database back."`
}

// Help says what the phases are.
func (migrateCmd) Help() string {
	return `A single-tenant database is changed in two phases. While it is expanded, the old version goes on working, and so does
the new one with tenancy off. Contracted, it is what a fresh installation has, and MULTI_TENANT=true may be set: that
refuses to begin as long as the old version sends statements, and says who does. Either may be killed and begun again.

down takes all of it back; down --phase contract the second phase only. Both refuse when another tenant has rows.`
}

type migrateUpCmd struct {
	Phase string        `enum:"expand,contract" default:"expand" help:"How far a single-tenant database is changed: expand or contract."`
	Watch time.Duration `default:"10s" help:"How long the contraction looks for statements of the old version, at least 2s."`
	JSON  bool          `name:"json" help:"Print JSON for programs: a line for each statement."`
}

// Run brings the schema up.
func (c *migrateUpCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		m := postgres.MigrationOptions{Phase: postgres.Phase(c.Phase), Watch: c.Watch}
		plan, err := postgres.PlanUp(ctx, o, m)
		if err != nil {
			return err
		}
		show := t.migrationProgress(len(plan), c.JSON)
		m.OnEvent = show.handle
		err = postgres.MigrateUp(ctx, o, m)
		show.done()
		if err != nil {
			return err
		}
		return t.printStatus(ctx, o, c.JSON)
	})
}

// printStatus says how far the database is.
func (t terminal) printStatus(ctx context.Context, o postgres.Options, asJSON bool) error {
	status, err := postgres.Status(ctx, o)
	if err != nil {
		return err
	}
	if asJSON {
		return t.printJSON(status)
	}
	t.printLine("%s", stateTexts[status.State])
	for _, s := range status.UntenantedSessions {
		t.printLine("Without a tenant, at %s: application %q, role %s, from %s wrote to %s.",
			s.SeenAt.UTC().Format(time.RFC3339), s.Application, s.Role, s.Client, s.Table)
	}
	return nil
}

var stateTexts = map[postgres.AdoptionState]string{
	"absent":       "The database is empty. Bring it up with: registry migrate up",
	"tenant-owned": "The schema is current.",
	"contracted":   "The schema is current.",
	"single-tenant": "The database is single-tenant. Expand it, while it is used, with: registry" +
		" migrate up",
	"expanding": "The expansion isn't complete. Go on with: registry migrate up",
	"expanded": "The database is expanded: the old version works on it, and this one with" +
		" tenancy off.\nWhen no old version runs any more: registry migrate up --phase contract",
	"contracting": "The contraction isn't complete. Go on with: registry migrate up --phase" +
		" contract",
}

type migratePlanCmd struct {
	Phase string `enum:"expand,contract" default:"expand" help:"How far the plan goes: expand or contract."`
	Down  bool   `help:"Plan the way back instead."`
	JSON  bool   `name:"json" help:"Print JSON for programs: an array of statements."`
}

// Run prints the plan as SQL.
func (c *migratePlanCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		planning := postgres.PlanUp
		if c.Down {
			planning = postgres.PlanDown
		}
		plan, err := planning(ctx, o, postgres.MigrationOptions{Phase: postgres.Phase(c.Phase)})
		if err != nil {
			return err
		}
		if c.JSON {
			return t.printJSON(append([]postgres.PlannedStatement{}, plan...))
		}
		t.printPlan(plan)
		return nil
	})
}

func (t terminal) printPlan(plan []postgres.PlannedStatement) {
	if len(plan) == 0 {
		t.printLine("-- Nothing is left to do that others would have to be considered for.")
	}
	for _, p := range plan {
		on := ""
		if p.On != "" {
			on = " on " + p.On
		}
		rows := ", the catalog alone"
		if p.Rows > 0 {
			rows = fmt.Sprintf(", about %d rows", p.Rows)
		}
		t.printLine("-- %s: %s\n-- lock: %s%s%s", p.Phase, p.Step, p.Lock, on, rows)
		text := strings.Join(p.SQL, ";\n") + ";"
		if !p.Alone && len(p.SQL) > 1 {
			text = "BEGIN;\n" + text + "\nCOMMIT;"
		}
		t.printLine("%s\n", text)
	}
}

type migrateStatusCmd struct {
	JSON bool `name:"json" help:"Print JSON for programs."`
}

// Run says how far the database is.
func (c *migrateStatusCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		status, err := postgres.Status(ctx, o)
		if err != nil {
			return err
		}
		if status.State == "absent" || status.State == "tenant-owned" ||
			status.State == "contracted" {
			o.SkipMigrations = true
			db, err := postgres.Open(ctx, o)
			if err != nil {
				return notCurrent(o, err)
			}
			return errors.Join(t.printStatus(ctx, o, c.JSON), db.Close())
		}
		if err := t.printStatus(ctx, o, c.JSON); err != nil || status.State == "expanded" &&
			!o.MultiTenant {
			return err
		}
		return errRefused
	})
}

type migrateDownCmd struct {
	Phase string `enum:"expand,contract" default:"expand" help:"How far back: contract to where the old version works again, expand to the former schema."`
	JSON  bool   `name:"json" help:"Print JSON for programs: a line for each statement."`
}

// Run takes the change back.
func (c *migrateDownCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		m := postgres.MigrationOptions{Phase: postgres.Phase(c.Phase)}
		plan, err := postgres.PlanDown(ctx, o, m)
		if err != nil {
			return err
		}
		show := t.migrationProgress(len(plan), c.JSON)
		m.OnEvent = show.handle
		err = postgres.MigrateDown(ctx, o, m)
		show.done()
		if err != nil {
			return err
		}
		return t.printStatus(ctx, o, c.JSON)
	})
}

// notCurrent adds to the error of an Open what may help.
func notCurrent(o postgres.Options, err error) error {
	if errors.Is(err, postgres.ErrNotContracted) {
		return fmt.Errorf("%w\nMULTI_TENANT=true needs a contracted one. When no old version runs"+
			" any more: registry migrate up --phase contract", err)
	}
	if !o.SkipMigrations {
		return err
	}
	return fmt.Errorf("%w\nif the schema isn't current, bring it up with: registry migrate up", err)
}

// withDatabase runs fn on the database of the settings, which is started for it
// where it is the embedded one.
func withDatabase(ctx context.Context, t terminal, fn func(postgres.Options) error) error {
	set, err := readSettings(t.getenv)
	if err != nil {
		return err
	}
	reg := &registry{}
	options, err := reg.databaseOptions(ctx, set, logger(t.err))
	if err == nil {
		err = fn(options)
	}
	return errors.Join(err, reg.close())
}
