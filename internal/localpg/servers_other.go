//go:build unix && !linux

package localpg

import (
	"os/exec"
	"strconv"
	"strings"
)

// servers is the first process of the PostgreSQL that lives on the cluster in
// data, by its command line; its children end with it. Zombies have none.
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
