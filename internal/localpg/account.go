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
	base, err := daemon.FindAccount("PostgreSQL")
	return account{base}, err
}

// makeDirs makes dir and its missing parents with modes that let the account pass through.
func (a account) makeDirs(dir string) error {
	mode := os.FileMode(0o700)
	if !a.IsCurrentUser() {
		mode = 0o711
	}
	return os.MkdirAll(dir, mode)
}

// grantPassage lets the account pass through dir. It doesn't change the parents of dir: if the
// account can't enter one of them, the error names it.
func (a account) grantPassage(dir string) error {
	if a.IsCurrentUser() || a.canEnter(dir) {
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
	return fmt.Errorf("PostgreSQL refuses to run as root and runs as user %s, who can't enter %s:"+
		" choose a DATA_DIR that every user can enter, such as %s", a.Name(), a.closedDir(dir),
		rootDir)
}

// canEnter tries it, since modes, access lists and mounts all matter.
func (a account) canEnter(dir string) bool {
	return a.Command(dir, "/bin/sh", "-c", ":").Run() == nil
}

// closedDir returns the topmost directory on the path to dir that the account can't enter.
func (a account) closedDir(dir string) string {
	path := "/"
	for part := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
		path = filepath.Join(path, part)
		if !a.canEnter(path) {
			return path
		}
	}
	return dir
}
