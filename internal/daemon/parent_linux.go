package daemon

import "syscall"

// DieWithParent makes the kernel send SIGQUIT to the program when the thread that forked it ends,
// even by SIGKILL (see prctl(2), PR_SET_PDEATHSIG). Servers shut down at once on SIGQUIT.
func DieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGQUIT
}
