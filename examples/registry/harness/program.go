package harness

import (
	"os"
	"os/exec"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
)

// runAsProgram is the environment variable that makes a test binary run as the
// registry. So tests can start it as a process, with the race detector if they run
// with it.
const runAsProgram = "REGISTRY_TEST_AS_PROGRAM"

// ExitIfProgram runs the registry's command line and exits, if [Command] started this
// process. Each TestMain calls it first.
func ExitIfProgram() {
	if os.Getenv(runAsProgram) != "" {
		cli.Main() // exits
	}
}

// Command returns a command that runs the registry in a new process, with these
// settings and no others.
func Command(set map[string]string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = []string{runAsProgram + "=1", "ADDR=127.0.0.1:0", "PATH=" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"), "ROLE_PREFIX=" + RolePrefix}
	for name, value := range set {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}
