package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commandLine is the command line, which kong parses. Serve, Migrate, Doctor and Rotate
// work on the database; all other commands are clients of a running registry.
type commandLine struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve the registry (the default)."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up or down."`
	Doctor  doctorCmd  `cmd:"" help:"Check that the database isolates tenants; exit 1 if it doesn't."`
	Rotate  rotateCmd  `cmd:"" name:"rotate-signing-key" help:"Replace the key that signs each statement's tenant."`
	Load    loadCmd    `cmd:"" help:"Load rows from JSON files into a tenant."`
	Export  exportCmd  `cmd:"" help:"Write a tenant's configuration as a bundle."`
	Import  importCmd  `cmd:"" help:"Import a bundle into a tenant: all of it or nothing."`
	Tenant  tenantCmd  `cmd:"" help:"Create, change, suspend, delete and purge tenants."`
	Key     keyCmd     `cmd:"" help:"Create, rotate and revoke API keys."`
	Promote promoteCmd `cmd:"" help:"Export one tenant and import it into another."`

	Audit      auditCmd      `cmd:"" help:"Read, export and verify the audit log."`
	User       userCmd       `cmd:"" help:"Manage users."`
	Member     memberCmd     `cmd:"" help:"Manage the members of a tenant."`
	Invitation invitationCmd `cmd:"" help:"Invite people into a tenant."`
}

// description is the first part of registry --help.
const description = `A multi-tenant registry of agents, prompts, MCP servers and related configuration.

serve, migrate, doctor and rotate-signing-key work on the database. All other commands are clients of a
running registry: REGISTRY_URL is its address, REGISTRY_TOKEN is the platform token or an API key.

Exit status: 0 done, 1 something was refused, 2 wrong usage.`

// The exit statuses, on which scripts rely.
const (
	exitDone    = 0 // everything was done
	exitRefused = 1 // something was refused or failed
	exitUsage   = 2 // the command line is wrong; nothing was done
)

// programMain executes the command line of this process and ends the process. The signals
// SIGINT and SIGTERM end the command.
func programMain() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process without draining
	status := run(ctx, os.Args[1:],
		terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv})
	stop()
	os.Exit(status)
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, t terminal) int {
	exited := false // true after --help
	parser, err := kong.New(new(commandLine),
		kong.Name("registry"), kong.Description(description), kong.Writers(t.out, t.err),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t))
	if err != nil {
		return fail(t, err, exitUsage)
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited:
		return exitDone
	case err != nil:
		return fail(t, fmt.Errorf("%w: see registry --help", err), exitUsage)
	}
	err = parsed.Run()
	if _, usage := errors.AsType[usageError](err); usage {
		return fail(t, err, exitUsage)
	}
	if err != nil {
		return fail(t, err, exitRefused)
	}
	return exitDone
}

// fail prints the error, unless it is errRefused, and returns the status.
func fail(t terminal, err error, status int) int {
	if !errors.Is(err, errRefused) {
		fmt.Fprintln(t.err, "registry:", err)
	}
	return status
}
