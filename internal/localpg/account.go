//go:build unix

package localpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// account is the user that PostgreSQL runs as, since it refuses root.
type account struct{ daemon.Account }

func findAccount() (account, error) {
	found, err := daemon.FindAccount("PostgreSQL")
	return account{found}, err
}

// makeWay makes dir and the folders above it that are missing, so that the
// account can pass.
func (a account) makeWay(dir string) error {
	mode := os.FileMode(0o700)
	if !a.IsOurs() {
		mode = 0o711
	}
	return os.MkdirAll(dir, mode)
}

// admit sees to it that the account can pass through dir, which is ours. The
// folders above dir are not ours to open: if one is closed, the error names it.
func (a account) admit(dir string) error {
	if a.IsOurs() || a.canEnter(dir) {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, info.Mode().Perm()|0o011); err != nil {
		return err
	}
	if a.canEnter(dir) {
		return nil
	}
	return fmt.Errorf("PostgreSQL refuses to run as root, and user %s, whom it runs as instead,"+
		" can't enter %s: "+
		"choose a DATA_DIR that everybody can reach, such as %s", a.Name(), a.barrier(dir), rootDir)
}

// canEnter tries: modes, access lists and mounts all have a say.
func (a account) canEnter(dir string) bool {
	return a.Command(dir, "/bin/sh", "-c", ":").Run() == nil
}

// barrier is the topmost folder on the way to dir that the account can't enter.
func (a account) barrier(dir string) string {
	path := "/"
	for part := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
		path = filepath.Join(path, part)
		if !a.canEnter(path) {
			return path
		}
	}
	return dir
}
