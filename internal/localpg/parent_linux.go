package localpg

import "syscall"

// dieWithParent has the kernel tell PostgreSQL to shut down at once when the
// thread that forked it dies, even by kill -9.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGQUIT
}
