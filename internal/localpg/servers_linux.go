package localpg

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// servers returns the pids of the PostgreSQL processes of the cluster in data, whose working
// directory it is. A zombie has no working directory. Where we may not read a process's working
// directory (in a container without CAP_SYS_PTRACE), the command line identifies the first process.
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
