//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lock is a file lock, which the kernel releases when our process ends.
type lock struct{ file *os.File }

func lockPath(dir string) string { return filepath.Join(dir, "postgresql.lock") }

// heldError says that another process holds a lock.
type heldError struct{ pid string }

func (e *heldError) Error() string { return "held by process " + e.pid }

// acquire locks the file at path, which it makes if it is missing, and writes our pid into it. The
// error is a *heldError if another process holds the lock.
func acquire(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	l, err := tryLock(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

func tryLock(file *os.File) (*lock, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, err := os.ReadFile(file.Name())
		if err != nil {
			return nil, err
		}
		return nil, &heldError{strings.TrimSpace(string(pid))}
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return &lock{file}, nil
}

// waitForLock locks the file at path, which it makes if it is missing. It waits until the lock is
// free.
func waitForLock(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return &lock{file}, nil
}

// isCurrent reports whether the path still names the locked file.
func (l *lock) isCurrent() bool {
	locked, err1 := l.file.Stat()
	current, err2 := os.Lstat(l.file.Name())
	return err1 == nil && err2 == nil && os.SameFile(locked, current)
}

// release unlocks before it closes: a child that is being started has a copy of the descriptor
// until it executes its program, and would otherwise hold the lock until then.
func (l *lock) release() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
