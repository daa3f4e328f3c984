//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is the user that PostgreSQL runs as: ourselves, or, since it refuses
// root, somebody with fewer rights.
type account struct {
	name string
	cred *syscall.Credential // nil: ourselves
}

func findAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody: start as another user")
}

// command is a program run as the account in dir, with an environment of its
// own and in a process group of its own, so that a terminal's Ctrl-C reaches
// only us.
func (a account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.cred}
	return cmd
}

// own gives path to the account.
func (a account) own(path string) error {
	if a.cred == nil {
		return nil
	}
	return os.Lchown(path, int(a.cred.Uid), int(a.cred.Gid))
}

// makeWay makes dir and the folders above it that are missing, so that the
// account can pass.
func (a account) makeWay(dir string) error {
	mode := os.FileMode(0o700)
	if a.cred != nil {
		mode = 0o711
	}
	return os.MkdirAll(dir, mode)
}

// admit sees to it that the account can pass through dir, which is ours. The
// folders above dir are not ours to open: if one is closed, the error names it.
func (a account) admit(dir string) error {
	if a.cred == nil || a.canEnter(dir) {
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
	return fmt.Errorf("PostgreSQL refuses to run as root, and user %s, whom it runs as instead, can't enter %s: "+
		"choose a DATA_DIR that everybody can reach, such as %s", a.name, a.barrier(dir), rootDir)
}

// canEnter tries: modes, access lists and mounts all have a say.
func (a account) canEnter(dir string) bool {
	return a.command(dir, "/bin/sh", "-c", ":").Run() == nil
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
