//go:build unix && !linux

package daemon

import "syscall"

// DieWithParent does nothing: only Linux tells a child that its parent died.
func DieWithParent(*syscall.SysProcAttr) {}
