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

// Account is the user that a program runs as: ourselves or, for one that
// refuses root, somebody with fewer rights.
type Account struct {
	name string
	cred *syscall.Credential // nil: ourselves
}

// FindAccount is ourselves, unless we are root: then it is the user postgres or
// nobody. The error names the program, which is how its readers know it.
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
		"%s refuses to run as root, and this machine has neither a user postgres nor nobody:"+
			" start as another user", program)
}

// IsOurs reports whether the account is our own.
func (a Account) IsOurs() bool { return a.cred == nil }

// Name is the account's user name; empty if the account is our own.
func (a Account) Name() string { return a.name }

// Command is a program run as the account in dir, with an environment of its
// own and in a process group of its own, so that a terminal's Ctrl-C reaches
// only us.
func (a Account) Command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.cred}
	return cmd
}

// Own gives path to the account.
func (a Account) Own(path string) error {
	if a.cred == nil {
		return nil
	}
	return os.Lchown(path, int(a.cred.Uid), int(a.cred.Gid))
}
