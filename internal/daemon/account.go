//go:build unix

package daemon

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// Account is the user that a program runs as: our own user or, for a program that refuses root, an
// unprivileged one.
type Account struct {
	name string
	cred *syscall.Credential // nil for our own user
}

// FindAccount returns our own user unless we are root, else the user postgres or nobody. program is
// the program's name in the error.
func FindAccount(program string) (Account, error) {
	if os.Geteuid() != 0 {
		return Account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return Account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return Account{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return Account{}, fmt.Errorf(
		"%s refuses to run as root, and this machine has neither a user postgres nor a user"+
			" nobody: start as another user", program)
}

// IsCurrentUser reports whether the account is our own user.
func (a Account) IsCurrentUser() bool { return a.cred == nil }

// Name returns the account's user name, or "" for our own user.
func (a Account) Name() string { return a.name }

// Command returns a command that runs a program as the account in dir, with a minimal environment
// and in a separate process group, so that a terminal's Ctrl-C doesn't reach it.
func (a Account) Command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.cred}
	return cmd
}

// Chown makes the account the owner of path. It doesn't follow symbolic links.
func (a Account) Chown(path string) error {
	if a.cred == nil {
		return nil
	}
	return os.Lchown(path, int(a.cred.Uid), int(a.cred.Gid))
}
