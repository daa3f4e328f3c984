package daemon

import "syscall"

// DieWithParent has the kernel tell the program to shut down at once when the
// thread that forked it dies, even by kill -9.
func DieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGQUIT
}
