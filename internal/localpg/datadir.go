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

// dataDir is the data directory of one cluster. Our user owns it, except for its directory
// postgresql, which belongs to the account that PostgreSQL runs as:
//
//	postgresql.lock        locked while a server runs; contains our pid
//	postgresql.log         PostgreSQL's output since its last start
//	postgresql.password    the superuser's password
//	postgresql/data        the cluster
type dataDir struct {
	dir       string
	throwaway bool
	account   account
	lock      *lock
}

func (d *dataDir) cluster() string  { return filepath.Join(d.dir, "postgresql") }
func (d *dataDir) data() string     { return filepath.Join(d.cluster(), "data") }
func (d *dataDir) log() string      { return filepath.Join(d.dir, "postgresql.log") }
func (d *dataDir) password() string { return filepath.Join(d.dir, "postgresql.password") }

// openDataDir makes the directory if it is missing, and locks it. A throw-away directory is always
// new.
func openDataDir(o Options, acct account) (*dataDir, error) {
	d := &dataDir{account: acct}
	var err error
	if o.Dir == "" {
		d.throwaway = true
		removeAbandoned(o)
		d.dir, d.lock, err = makeThrowaway(o.TempDir)
	} else {
		d.dir, d.lock, err = openKeptDir(o.Dir, acct)
	}
	if err != nil {
		return nil, err
	}
	// The kernel reports a process's working directory with symbolic links resolved.
	if d.dir, err = filepath.EvalSymlinks(d.dir); err != nil {
		return nil, errors.Join(err, d.lock.release())
	}
	if err := d.makeClusterDir(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func openKeptDir(dir string, acct account) (string, *lock, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	if err := acct.makeDirs(dir); err != nil {
		return "", nil, err
	}
	l, err := acquire(lockPath(dir))
	if held, ok := errors.AsType[*heldError](err); ok {
		return "", nil, &InUseError{Dir: dir, PID: held.pid}
	}
	return dir, l, err
}

// makeClusterDir makes the directory that belongs to the account.
func (d *dataDir) makeClusterDir() error {
	if err := d.account.grantPassage(d.dir); err != nil {
		return err
	}
	if err := os.Mkdir(d.cluster(), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return d.account.Chown(d.cluster())
}

// close unlocks the directory, after removing it if it is a throw-away one.
func (d *dataDir) close() error {
	var err error
	if d.throwaway {
		err = os.RemoveAll(d.dir)
	}
	return errors.Join(err, d.lock.release())
}

// version returns the major version that wrote the cluster, or 0 if there is no cluster yet.
func (d *dataDir) version() (int, error) {
	text, err := os.ReadFile(filepath.Join(d.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s does not look like a PostgreSQL cluster: PG_VERSION is %q",
			d.data(), text)
	}
	return version, nil
}

// settings returns the settings that differ between kept and throw-away clusters: durability, and
// how many tests may connect at the same time.
func (d *dataDir) settings() []string {
	if !d.throwaway {
		return []string{"fsync=on", "full_page_writes=on"}
	}
	return []string{"fsync=off", "full_page_writes=off", "synchronous_commit=off",
		"max_connections=500"}
}
