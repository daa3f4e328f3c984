//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// house is the folder of one cluster. We own it; inside, the folder cluster
// belongs to the account that PostgreSQL runs as:
//
//	postgresql.lock        held while a server runs, says whose
//	postgresql.log         what PostgreSQL wrote since its last start
//	postgresql.password    the superuser's
//	postgresql/data        the cluster
type house struct {
	dir       string
	throwaway bool
	who       account
	lock      *lock
}

func (h *house) cluster() string  { return filepath.Join(h.dir, "postgresql") }
func (h *house) data() string     { return filepath.Join(h.cluster(), "data") }
func (h *house) log() string      { return filepath.Join(h.dir, "postgresql.log") }
func (h *house) password() string { return filepath.Join(h.dir, "postgresql.password") }

// openHouse makes or finds the folder and locks it.
func openHouse(o Options, who account) (*house, error) {
	h := &house{who: who}
	var err error
	if o.Dir == "" {
		h.throwaway = true
		sweep(o)
		h.dir, h.lock, err = makeThrowaway(o.TempDir)
	} else {
		h.dir, h.lock, err = openKept(o.Dir, who)
	}
	if err != nil {
		return nil, err
	}
	// The kernel tells where a process works with all links followed.
	if h.dir, err = filepath.EvalSymlinks(h.dir); err != nil {
		return nil, errors.Join(err, h.lock.release())
	}
	if err := h.furnish(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func openKept(dir string, who account) (string, *lock, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	if err := who.makeWay(dir); err != nil {
		return "", nil, err
	}
	l, err := acquire(lockOf(dir))
	if held, ok := errors.AsType[*heldError](err); ok {
		return "", nil, fmt.Errorf(
			"%s is in use by process %s: stop that one, or choose another DATA_DIR", dir, held.pid)
	}
	return dir, l, err
}

// furnish makes the account's own folder inside ours.
func (h *house) furnish() error {
	if err := h.who.admit(h.dir); err != nil {
		return err
	}
	if err := os.Mkdir(h.cluster(), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return h.who.Own(h.cluster())
}

// close gives the folder back, and removes it if it was to be thrown away.
func (h *house) close() error {
	var err error
	if h.throwaway {
		err = os.RemoveAll(h.dir)
	}
	return errors.Join(err, h.lock.release())
}

// version is the major version that wrote the cluster; 0 if there is none yet.
func (h *house) version() (int, error) {
	text, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s does not look like a PostgreSQL cluster: PG_VERSION is %q",
			h.data(), text)
	}
	return version, nil
}

// settings are those in which a cluster to keep and one to throw away differ:
// what is lost in a crash, and how many tests connect at once.
func (h *house) settings() []string {
	if !h.throwaway {
		return []string{"fsync=on", "full_page_writes=on"}
	}
	return []string{"fsync=off", "full_page_writes=off", "synchronous_commit=off",
		"max_connections=500"}
}
