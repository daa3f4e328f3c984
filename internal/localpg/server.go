//go:build unix

package localpg

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// Server is a running PostgreSQL.
type Server struct {
	url    string
	bin    string
	master postmaster
	dir    *dataDir

	once    sync.Once
	stopErr error
}

// Start starts a private PostgreSQL and waits until it accepts connections. The error says what was
// tried and what to do. A cluster whose last server was killed recovers; Start first ends the
// processes that it left running.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	acct, err := findAccount()
	if err != nil {
		return nil, err
	}
	d, err := openDataDir(o, acct)
	if err != nil {
		return nil, err
	}
	s, err := d.start(ctx, o)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return s, nil
}

func (d *dataDir) start(ctx context.Context, o Options) (*Server, error) {
	version, err := d.version()
	if err != nil {
		return nil, err
	}
	bin, err := findPrograms(ctx, o, d.account, version)
	if err != nil {
		return nil, err
	}
	if err := endOrphans(ctx, d.data()); err != nil {
		return nil, err
	}
	password, err := d.initialise(ctx, o, bin)
	if err != nil {
		return nil, err
	}
	master, port, err := d.launch(ctx, bin)
	if err != nil {
		return nil, err
	}
	return &Server{url: serverURL(password, strconv.Itoa(port)), bin: bin, master: master, dir: d},
		nil
}

// URL returns the superuser's URL of the database postgres, with the password.
func (s *Server) URL() string { return s.url }

// Programs returns the directory of the programs that were started.
func (s *Server) Programs() string { return s.bin }

// Done returns a channel that is closed when PostgreSQL has ended, for any reason.
func (s *Server) Done() <-chan struct{} { return s.master.Done() }

// Stop ends PostgreSQL and waits for it. PostgreSQL closes its sessions and writes everything to
// disk; it is killed if that takes too long. Stop removes a throw-away cluster. It returns an error
// if PostgreSQL had ended before or had to be killed; a kept cluster then recovers at its next
// start. Further calls return the result of the first one.
func (s *Server) Stop() error {
	s.once.Do(func() {
		s.stopErr = errors.Join(s.master.stop(), s.dir.close())
	})
	return s.stopErr
}

// Launches are repeated after two transient errors: another program may take the port before
// PostgreSQL does, and the sessions of a killed server take a moment to release its shared memory.
const (
	launches    = 20
	launchPause = 250 * time.Millisecond
)

func (d *dataDir) launch(ctx context.Context, bin string) (postmaster, int, error) {
	for try := 1; ; try++ {
		port, err := daemon.FreePort()
		if err != nil {
			return postmaster{}, 0, err
		}
		master, err := d.launchAt(ctx, bin, port)
		if err == nil {
			return master, port, nil
		}
		if try == launches || !isTransient(err) {
			return postmaster{}, 0, err
		}
		select {
		case <-time.After(launchPause):
		case <-ctx.Done():
			return postmaster{}, 0, errors.Join(err, ctx.Err())
		}
	}
}

func isTransient(err error) bool {
	text := err.Error()
	return strings.Contains(text, "Address already in use") ||
		strings.Contains(text, "pre-existing shared memory block")
}

func (d *dataDir) launchAt(ctx context.Context, bin string, port int) (postmaster, error) {
	args := []string{
		"-D", d.data(), "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", // their paths may be too long, and TCP suffices
	}
	for _, setting := range d.settings() {
		args = append(args, "-c", setting)
	}
	cmd := d.account.Command(d.cluster(), filepath.Join(bin, "postgres"), args...)
	process, err := daemon.Start(cmd, d.log())
	if err != nil {
		return postmaster{}, err
	}
	master := postmaster{process}
	err = master.ready(ctx, d.pidFile())
	if err == nil {
		return master, nil
	}
	if !master.Ended() {
		err = errors.Join(err, master.stop())
	}
	return postmaster{}, err
}
