//go:build unix && !linux

package localpg

import (
	"os/exec"
	"strconv"
	"strings"
)

// servers returns the pid of the first process of the PostgreSQL of the cluster in data, by its
// command line. Its children end with it. A zombie has no command line.
func servers(data string) []int {
	out, err := exec.Command("/bin/ps", "-axww", "-o", "pid=,command=").Output()
	if err != nil {
		return nil
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		number, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(number)
		if err == nil && strings.Contains(command, "/postgres -D "+data+" ") {
			pids = append(pids, pid)
		}
	}
	return pids
}
