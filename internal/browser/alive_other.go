//go:build !unix

package browser

import "os"

// isAlive reports whether a process has the id.
func isAlive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return p.Release() == nil
}
