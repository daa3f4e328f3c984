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

// Pooler is a running PgBouncer, which is started again when it dies: Debian's
// 1.18 does so now and then when a statement is cancelled
// (https://github.com/pgbouncer/pgbouncer/issues/822).
type Pooler struct {
	addr    string
	dir     string
	command func() *exec.Cmd

	stopping chan struct{} // closed when it is to end
	ended    chan error    // how its last process ended, once

	mu      sync.Mutex
	process *daemon.Process
	crashes []string // last words
}

// Start runs a PgBouncer for t before the server that urls name. The users of
// urls log in through it as themselves, to any of the server's databases. It is
// stopped when t ends. A test is never skipped for want of the program: it fails
// with how to get it.
func Start(t testing.TB, urls ...string) *Pooler {
	t.Helper()
	p, err := start(t.Context(), search, urls)
	if err != nil {
		t.Fatalf("pgbouncer: %v", err)
	}
	t.Cleanup(func() {
		err := p.stop()
		for _, crash := range p.Crashes() {
			t.Logf("pgbouncer crashed and was started again; it had said:\n%s", crash)
		}
		if err != nil {
			t.Errorf("pgbouncer: %v", err)
		}
	})
	return p
}

// Crashes are the last words of each process that died by itself.
func (p *Pooler) Crashes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.crashes)
}

// URL is direct by way of the pooler: the same user and database.
func (p *Pooler) URL(direct string) string {
	u, err := url.Parse(direct)
	if err != nil {
		return "" // which opens nothing
	}
	u.Host = p.addr
	u.RawQuery = "sslmode=disable"
	return u.String()
}

// search is where the program is: PATH, and where Debian puts it, which isn't in
// an ordinary user's PATH.
var search = []string{"pgbouncer", "/usr/sbin/pgbouncer"}

func find(search []string) (string, error) {
	for _, name := range search {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("the tests need PgBouncer, and this machine has none: apt-get install" +
		" pgbouncer (or dnf, brew)")
}

// launches bounds the retries when another program takes the port between our
// look and PgBouncer's.
const launches = 5

func start(ctx context.Context, search, urls []string) (*Pooler, error) {
	program, err := find(search)
	if err != nil {
		return nil, err
	}
	who, err := daemon.FindAccount("PgBouncer")
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
		p, err := launch(ctx, program, who, users)
		if err == nil || try == launches {
			return p, err
		}
	}
}

// launch starts one PgBouncer in a folder of its own.
func launch(
	ctx context.Context, program string, who daemon.Account, users []*url.URL,
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
	p.command = func() *exec.Cmd { return who.Command(dir, program, ini) }
	err = errors.Join(
		os.WriteFile(list, []byte(userList(users)), 0o600), who.Own(list),
		os.WriteFile(ini, []byte(config(users[0], port, list)), 0o600), who.Own(ini),
		who.Own(dir))
	if err == nil {
		err = p.run(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.end(), os.RemoveAll(dir))
	}
	go func() { p.ended <- p.keep(context.WithoutCancel(ctx)) }()
	return p, nil
}

// run starts a process, which listens when run returns.
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

// keep starts a process for each that dies, until p is to stop.
func (p *Pooler) keep(ctx context.Context) error {
	for {
		select {
		case <-p.stopping:
			return p.end()
		case <-p.process.Done():
		}
		p.mu.Lock()
		p.crashes = append(p.crashes, p.process.LastWords())
		p.mu.Unlock()
		if err := p.run(ctx); err != nil {
			return errors.Join(err, p.end())
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
			return fmt.Errorf("it does not listen: %w; it said:\n%s", err, process.LastWords())
		}
	}
}

// end ends the process, whose exit code then says nothing (PgBouncer 1.18 exits
// 1 when it is told to).
func (p *Pooler) end() error {
	if p.process == nil || p.process.Ended() {
		return nil
	}
	return p.process.Stop(
		daemon.Step{Signal: syscall.SIGTERM, Patience: 10 * time.Second},
		daemon.Step{Signal: syscall.SIGKILL, Patience: 10 * time.Second})
}

// stop ends p and removes its folder.
func (p *Pooler) stop() error {
	close(p.stopping)
	return errors.Join(<-p.ended, os.RemoveAll(p.dir))
}
