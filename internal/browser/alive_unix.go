//go:build unix

package browser

import (
	"errors"
	"syscall"
)

// isAlive reports whether a process has the id.
func isAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
