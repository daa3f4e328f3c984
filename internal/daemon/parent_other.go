//go:build unix && !linux

package daemon

import "syscall"

// DieWithParent does nothing: only Linux signals a child when its parent ends.
func DieWithParent(*syscall.SysProcAttr) {}
