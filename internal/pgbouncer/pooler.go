//go:build unix

package pgbouncer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// Pooler is a running PgBouncer, which is restarted when it crashes. Debian's version 1.18
// sometimes crashes when a statement is cancelled
// (https://github.com/pgbouncer/pgbouncer/issues/822).
type Pooler struct {
	addr    string
	dir     string
	command func() *exec.Cmd

	stopping chan struct{} // closed when the pooler must stop
	ended    chan error    // receives how the last process ended, once

	mu      sync.Mutex
	process *daemon.Process
	crashes []string // the end of each crashed process's log
}

// Start runs a PgBouncer for t before the server of urls. The users of urls can log in through it
// to any database of the server. It stops when t ends. If the program is missing, the test isn't
// skipped: it fails with an error that says how to install it.
func Start(t testing.TB, urls ...string) *Pooler {
	t.Helper()
	p, err := start(t.Context(), search, urls)
	if err != nil {
		t.Fatalf("pgbouncer: %v", err)
	}
	t.Cleanup(func() {
		err := p.stop()
		for _, crash := range p.Crashes() {
			t.Logf("pgbouncer crashed and was restarted; its log ended with:\n%s", crash)
		}
		if err != nil {
			t.Errorf("pgbouncer: %v", err)
		}
	})
	return p
}

// Crashes returns the end of the log of each process that crashed.
func (p *Pooler) Crashes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.crashes)
}

// URL returns the URL of the same user and database as direct, through the pooler. It is empty if
// direct is invalid.
func (p *Pooler) URL(direct string) string {
	u, err := url.Parse(direct)
	if err != nil {
		return ""
	}
	u.Host = p.addr
	u.RawQuery = "sslmode=disable"
	return u.String()
}

// search lists where the program may be: in PATH, or where Debian installs it, which isn't in an
// ordinary user's PATH.
var search = []string{"pgbouncer", "/usr/sbin/pgbouncer"}

func find(search []string) (string, error) {
	for _, name := range search {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("the tests need PgBouncer, which isn't installed: apt-get install" +
		" pgbouncer (or dnf, brew)")
}

// launches bounds the attempts, which fail when another program takes the port before PgBouncer
// does.
const launches = 5

func start(ctx context.Context, search, urls []string) (*Pooler, error) {
	program, err := find(search)
	if err != nil {
		return nil, err
	}
	acct, err := daemon.FindAccount("PgBouncer")
	if err != nil {
		return nil, err
	}
	users := make([]*url.URL, len(urls))
	for i, raw := range urls {
		if users[i], err = url.Parse(raw); err != nil {
			return nil, errors.New("not a URL") // the parser's text shows the password
		}
	}
	for try := 1; ; try++ {
		p, err := launch(ctx, program, acct, users)
		if err == nil || try == launches {
			return p, err
		}
	}
}

// launch starts one PgBouncer in a new directory.
func launch(
	ctx context.Context, program string, acct daemon.Account, users []*url.URL,
) (*Pooler, error) {
	port, err := daemon.FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bailiwick-pgbouncer-")
	if err != nil {
		return nil, err
	}
	p := &Pooler{
		addr: "127.0.0.1:" + strconv.Itoa(port), dir: dir,
		stopping: make(chan struct{}), ended: make(chan error, 1),
	}
	ini, list := filepath.Join(dir, "pgbouncer.ini"), filepath.Join(dir, "users.txt")
	p.command = func() *exec.Cmd { return acct.Command(dir, program, ini) }
	err = errors.Join(
		os.WriteFile(list, []byte(userList(users)), 0o600), acct.Chown(list),
		os.WriteFile(ini, []byte(config(users[0], port, list)), 0o600), acct.Chown(ini),
		acct.Chown(dir))
	if err == nil {
		err = p.run(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.endProcess(), os.RemoveAll(dir))
	}
	go func() { p.ended <- p.supervise(context.WithoutCancel(ctx)) }()
	return p, nil
}

// run starts a process and waits until it listens.
func (p *Pooler) run(ctx context.Context) error {
	process, err := daemon.Start(p.command(), filepath.Join(p.dir, "pgbouncer.log"))
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.process = process
	p.mu.Unlock()
	return p.ready(ctx, process)
}

// supervise restarts each process that crashes, until p must stop.
func (p *Pooler) supervise(ctx context.Context) error {
	for {
		select {
		case <-p.stopping:
			return p.endProcess()
		case <-p.process.Done():
		}
		p.mu.Lock()
		p.crashes = append(p.crashes, p.process.LogTail())
		p.mu.Unlock()
		if err := p.run(ctx); err != nil {
			return errors.Join(err, p.endProcess())
		}
	}
}

// startLimit is how long PgBouncer may take until it listens.
const startLimit = 10 * time.Second

func (p *Pooler) ready(ctx context.Context, process *daemon.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", p.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-process.Done():
			return fmt.Errorf("it did not start: %w", process.Err())
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %w; its log ends with:\n%s", err,
				process.LogTail())
		}
	}
}

// endProcess ends the process. It ignores the exit code, since PgBouncer 1.18 exits with 1 on
// SIGTERM.
func (p *Pooler) endProcess() error {
	if p.process == nil || p.process.Ended() {
		return nil
	}
	return p.process.Stop(
		daemon.Step{Signal: syscall.SIGTERM, Timeout: 10 * time.Second},
		daemon.Step{Signal: syscall.SIGKILL, Timeout: 10 * time.Second})
}

// stop ends p and removes its directory.
func (p *Pooler) stop() error {
	close(p.stopping)
	return errors.Join(<-p.ended, os.RemoveAll(p.dir))
}
