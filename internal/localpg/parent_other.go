//go:build unix && !linux

package localpg

import "syscall"

// dieWithParent does nothing: only Linux tells a child that its parent died.
// What a killed process leaves running is ended by the next start.
func dieWithParent(*syscall.SysProcAttr) {}
