//go:build unix

package localpg

import (
	"context"
	"errors"
	"net/url"
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
	house  *house

	once    sync.Once
	stopErr error
}

// Start starts a private PostgreSQL and waits until it takes connections. The
// error says what was tried and what to do. A cluster whose last server was
// killed recovers; what that server left running is ended first.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	who, err := findAccount()
	if err != nil {
		return nil, err
	}
	h, err := openHouse(o, who)
	if err != nil {
		return nil, err
	}
	s, err := h.start(ctx, o)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return s, nil
}

func (h *house) start(ctx context.Context, o Options) (*Server, error) {
	version, err := h.version()
	if err != nil {
		return nil, err
	}
	bin, err := findPrograms(ctx, o, h.who, version)
	if err != nil {
		return nil, err
	}
	if err := endOrphans(ctx, h.data()); err != nil {
		return nil, err
	}
	password, err := h.initialise(ctx, o, bin)
	if err != nil {
		return nil, err
	}
	master, port, err := h.launch(ctx, bin)
	if err != nil {
		return nil, err
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password),
		Host:     "127.0.0.1:" + strconv.Itoa(port),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return &Server{url: u.String(), bin: bin, master: master, house: h}, nil
}

// URL is where the superuser finds the database postgres, password included.
func (s *Server) URL() string { return s.url }

// Programs is the folder that PostgreSQL was started from.
func (s *Server) Programs() string { return s.bin }

// Done is closed when PostgreSQL has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.master.Done() }

// Stop ends PostgreSQL and waits until it is gone: it closes the sessions,
// writes everything out, and leaves by force if that takes too long. A
// throw-away cluster is removed. It is an error if PostgreSQL had ended before
// or had to be forced; a kept cluster then recovers at its next start. Further
// calls answer what the first one answered.
func (s *Server) Stop() error {
	s.once.Do(func() {
		s.stopErr = errors.Join(s.master.stop(), s.house.close())
	})
	return s.stopErr
}

// Another program may take the port between our look and PostgreSQL's, and the
// sessions of a killed server need a moment to leave its memory: both pass.
const (
	launches    = 20
	launchPause = 250 * time.Millisecond
)

func (h *house) launch(ctx context.Context, bin string) (postmaster, int, error) {
	for try := 1; ; try++ {
		port, err := daemon.FreePort()
		if err != nil {
			return postmaster{}, 0, err
		}
		master, err := h.launchAt(ctx, bin, port)
		if err == nil {
			return master, port, nil
		}
		if try == launches || !passes(err) {
			return postmaster{}, 0, err
		}
		select {
		case <-time.After(launchPause):
		case <-ctx.Done():
			return postmaster{}, 0, errors.Join(err, ctx.Err())
		}
	}
}

func passes(err error) bool {
	text := err.Error()
	return strings.Contains(text, "Address already in use") ||
		strings.Contains(text, "pre-existing shared memory block")
}

func (h *house) launchAt(ctx context.Context, bin string, port int) (postmaster, error) {
	args := []string{
		"-D", h.data(), "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", // their paths are short of room, and TCP does
	}
	for _, setting := range h.settings() {
		args = append(args, "-c", setting)
	}
	cmd := h.who.Command(h.cluster(), filepath.Join(bin, "postgres"), args...)
	process, err := daemon.Start(cmd, h.log())
	if err != nil {
		return postmaster{}, err
	}
	master := postmaster{process}
	err = master.ready(ctx, filepath.Join(h.data(), "postmaster.pid"))
	if err == nil {
		return master, nil
	}
	if !master.Ended() {
		err = errors.Join(err, master.stop())
	}
	return postmaster{}, err
}
