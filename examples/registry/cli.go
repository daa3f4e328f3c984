package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve the registry (the default)."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up or down."`
	Doctor  doctorCmd  `cmd:"" help:"Examine how well the database keeps tenants apart; exit 1 if it doesn't."`
	Rotate  rotateCmd  `cmd:"" name:"rotate-signing-key" help:"Make a new key that signs the tenant of each statement; running servers take it up."`
	Load    loadCmd    `cmd:"" help:"Load rows from JSON files into a tenant."`
	Export  exportCmd  `cmd:"" help:"Write a tenant's configuration as a bundle."`
	Import  importCmd  `cmd:"" help:"Read a bundle into a tenant: all of it or nothing."`
	Tenant  tenantCmd  `cmd:"" help:"Create, change, suspend, delete and purge tenants."`
	Key     keyCmd     `cmd:"" help:"Create, rotate and revoke API keys."`
	Promote promoteCmd `cmd:"" help:"Export one tenant and import it into another."`

	Audit      auditCmd      `cmd:"" help:"Read, export and verify the audit log."`
	User       userCmd       `cmd:"" help:"Manage users."`
	Member     memberCmd     `cmd:"" help:"Manage who belongs to a tenant."`
	Invitation invitationCmd `cmd:"" help:"Invite people into a tenant."`
}

const description = `A registry of agents, prompts, MCP servers and what belongs to them, for many tenants.

serve, migrate, doctor and rotate-signing-key work on the database. All other commands are clients of a running registry:
REGISTRY_URL says where it is, REGISTRY_TOKEN is the platform token or an API key.

Exit status: 0 done, 1 something was refused, 2 wrong usage.`

// remote holds the flags of every command that talks to a running registry.
// The token has none: a command line can be read by every process.
type remote struct {
	URL  string `name:"url" env:"REGISTRY_URL" default:"http://127.0.0.1:8080" help:"Where the registry is."`
	JSON bool   `name:"json" help:"Print JSON for programs."`
}

// The exit statuses.
const (
	exitDone    = 0
	exitRefused = 1
	exitUsage   = 2
)

// errRefused ends a command that has told already what was refused.
var errRefused = errors.New("something was refused")

// usageError is a mistake on the command line that only the command sees.
type usageError struct{ reason string }

func (e usageError) Error() string { return e.reason }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// terminal is what a command talks to.
type terminal struct {
	in       io.Reader // nil: there is nothing to read
	out, err io.Writer
	getenv   func(string) string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal doesn't wait for what the first began
	status := run(ctx, os.Args[1:],
		terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv})
	stop()
	os.Exit(status)
}

// run carries out one command line and answers the exit status.
func run(ctx context.Context, args []string, t terminal) int {
	exited := false // --help was answered
	parser, err := kong.New(new(commands),
		kong.Name("registry"), kong.Description(description), kong.Writers(t.out, t.err),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t))
	if err != nil {
		return t.fail(err, exitUsage)
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited:
		return exitDone
	case err != nil:
		return t.fail(fmt.Errorf("%w; see registry --help", err), exitUsage)
	}
	err = parsed.Run()
	if _, usage := errors.AsType[usageError](err); usage {
		return t.fail(err, exitUsage)
	}
	if err != nil {
		return t.fail(err, exitRefused)
	}
	return exitDone
}

func (t terminal) fail(err error, status int) int {
	if !errors.Is(err, errRefused) {
		fmt.Fprintln(t.err, "registry:", err)
	}
	return status
}
