package localpg

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// servers are the processes of PostgreSQL that live on the cluster in data:
// they work in that folder. A zombie works nowhere. Where we may not look at a
// process's folder (in a container without CAP_SYS_PTRACE), its command line
// still tells the first one.
func servers(data string) []int {
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var pids []int
	for _, proc := range procs {
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err == nil && isServer(proc, data) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func isServer(proc, data string) bool {
	comm, err := os.ReadFile(proc + "/comm")
	if err != nil || strings.TrimSpace(string(comm)) != "postgres" {
		return false
	}
	if dir, err := os.Readlink(proc + "/cwd"); err == nil {
		return dir == data
	}
	line, err := os.ReadFile(proc + "/cmdline")
	return err == nil && bytes.Contains(line, []byte("\x00-D\x00"+data+"\x00"))
}
