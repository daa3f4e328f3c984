//go:build unix

package localpg

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Running waits until the server that another process runs in a directory accepts
// connections, and returns the superuser's URL of its database postgres. The directory is that
// of an [InUseError].
func Running(ctx context.Context, dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	d := &dataDir{dir: dir}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if port, ok := readyPort(d.pidFile()); ok {
			password, err := d.readPassword()
			return serverURL(password, port), err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", errors.Join(errors.New("the server in "+dir+" isn't ready yet"), ctx.Err())
		}
	}
}

// pidFile is written by PostgreSQL: line 1 is its process, line 4 is the port, line 8 is "ready" when it accepts
// connections.
func (d *dataDir) pidFile() string { return filepath.Join(d.data(), "postmaster.pid") }

// readyPort returns the port in a pid file, if the server accepts connections. The file of a
// server that was killed doesn't count.
func readyPort(pidFile string) (string, bool) {
	text, err := os.ReadFile(pidFile)
	lines := strings.Split(string(text), "\n")
	if err != nil || len(lines) <= 7 || strings.TrimSpace(lines[7]) != "ready" {
		return "", false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", false
	}
	return strings.TrimSpace(lines[3]), true
}

// serverURL returns the superuser's URL of the database postgres.
func serverURL(password, port string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password),
		Host:     "127.0.0.1:" + port,
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
