// Package cli is the registry's command line: it puts the commands of the other packages
// together, parses the arguments and maps errors to exit statuses.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/bailiwick-go/bailiwick/examples/registry/commands"
	"github.com/bailiwick-go/bailiwick/examples/registry/database"
	"github.com/bailiwick-go/bailiwick/examples/registry/load"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// commandLine is the command line, which kong parses. Serve, Migrate, Doctor,
// RotateSigningKey and RotateInstanceKey work on the database, Bundle on files; all other commands are clients of a
// running registry.
type commandLine struct {
	Serve   server.Cmd          `cmd:"" default:"withargs" help:"Serve the registry (the default)."`
	Migrate database.MigrateCmd `cmd:"" help:"Bring the database's schema up or down."`
	Doctor  database.DoctorCmd  `cmd:"" help:"Check that the database isolates tenants; exit 1 if it doesn't."`

	RotateSigningKey  database.RotateCmd         `cmd:"" help:"Replace the key that signs each statement's tenant."`
	RotateInstanceKey database.RotateInstanceCmd `cmd:"" help:"Replace the key that signs bundles."`

	Load    load.Cmd            `cmd:"" help:"Load rows from JSON files into a tenant."`
	Export  commands.ExportCmd  `cmd:"" help:"Write a tenant's configuration as a bundle."`
	Import  commands.ImportCmd  `cmd:"" help:"Import a bundle into a tenant: all of it or nothing."`
	Bundle  commands.BundleCmd  `cmd:"" help:"Unpack, pack, verify and compare the files of bundles."`
	Tenant  commands.TenantCmd  `cmd:"" help:"Create, change, suspend, delete and purge tenants."`
	Key     commands.KeyCmd     `cmd:"" help:"Create, rotate and revoke API keys."`
	Secret  commands.SecretCmd  `cmd:"" help:"List, set and unset secrets."`
	Promote commands.PromoteCmd `cmd:"" help:"Export one tenant and import it into another."`
	Diff    commands.DiffCmd    `cmd:"" help:"List what differs between two tenants."`

	Audit      commands.AuditCmd      `cmd:"" help:"Read, export and verify the audit log."`
	User       commands.UserCmd       `cmd:"" help:"Manage users."`
	Member     commands.MemberCmd     `cmd:"" help:"Manage the members of a tenant."`
	Invitation commands.InvitationCmd `cmd:"" help:"Invite people into a tenant."`

	Version versionCmd `cmd:"" help:"Print the version; --version does too."`
}

// description is the first part of registry --help.
const description = `A multi-tenant registry of agents, prompts, MCP servers and related configuration.

serve, migrate, doctor, rotate-signing-key and rotate-instance-key work on the database, bundle on files. All other
commands are clients of a running registry: REGISTRY_URL is its address, REGISTRY_TOKEN is the platform token or an API
key.

Exit status: 0 done, 1 something was refused, 2 wrong usage.`

// The exit statuses, on which scripts rely.
const (
	ExitDone    = 0 // everything was done
	ExitRefused = 1 // something was refused or failed
	ExitUsage   = 2 // the command line is wrong; nothing was done
)

// Main executes the command line of this process and ends the process. The signals
// SIGINT and SIGTERM end the command.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process without draining
	status := Run(ctx, os.Args[1:],
		terminal.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
	stop()
	os.Exit(status)
}

// Run executes one command line and returns the exit status.
func Run(ctx context.Context, args []string, t terminal.Terminal) int {
	out := &checkedOutput{Writer: t.Out}
	if _, ok := terminal.File(t.Out); !ok { // a terminal stays one
		t.Out = out
	}
	status := run(ctx, args, t)
	if status == ExitDone && out.err != nil {
		return fail(t, out.err, ExitRefused)
	}
	return status
}

// checkedOutput remembers the first error of the output: a command whose result was lost
// isn't done.
type checkedOutput struct {
	io.Writer
	err error
}

// Write writes to the output.
func (o *checkedOutput) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		err = fmt.Errorf("writing standard output: %w", err)
		o.err = cmp.Or(o.err, err)
	}
	return n, err
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, t terminal.Terminal) int {
	if slices.Equal(args, []string{"--version"}) {
		args = []string{"version"}
	}
	exited := false // true after --help
	parser, err := kong.New(new(commandLine),
		kong.Name("registry"), kong.Description(description), kong.Writers(t.Out, t.Err),
		commands.Vars(),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t))
	if err != nil {
		return fail(t, err, ExitUsage)
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited:
		return ExitDone
	case err != nil:
		return fail(t, fmt.Errorf("%w: see registry --help", err), ExitUsage)
	}
	err = parsed.Run()
	if _, usage := errors.AsType[terminal.UsageError](err); usage {
		return fail(t, err, ExitUsage)
	}
	if err != nil {
		return fail(t, err, ExitRefused)
	}
	return ExitDone
}

// fail prints the error, unless it is ErrRefused, and returns the status.
func fail(t terminal.Terminal, err error, status int) int {
	if !errors.Is(err, terminal.ErrRefused) {
		fmt.Fprintln(t.Err, "registry:", err)
	}
	return status
}
