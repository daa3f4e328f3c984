//go:build unix

package localpg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// endOrphans ends the processes that a killed server left running on the cluster in data, and
// removes its pid file. PostgreSQL takes any process with the pid in that file for another server,
// even if it is another program or a zombie. The caller holds the cluster's lock, so none of our
// servers can be among the processes.
func endOrphans(ctx context.Context, data string) error {
	if _, err := os.Stat(data); os.IsNotExist(err) {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		gone, err := signalServers(ctx, signal, data)
		if err != nil {
			return err
		}
		if gone {
			return removePidFile(data)
		}
	}
	return fmt.Errorf("a PostgreSQL of an earlier start still runs on %s and doesn't stop:"+
		" processes %v", data, servers(data))
}

// signalServers signals every server on data and waits up to ten seconds until all have ended. It
// reports whether they have.
func signalServers(ctx context.Context, signal syscall.Signal, data string) (bool, error) {
	for _, pid := range servers(data) {
		if err := syscall.Kill(pid, signal); err != nil && err != syscall.ESRCH {
			return false, fmt.Errorf("end the PostgreSQL (pid %d) that runs on %s: %w", pid, data,
				err)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(10 * time.Second)
	for len(servers(data)) > 0 {
		select {
		case <-tick.C:
		case <-timeout:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return true, nil
}

func removePidFile(data string) error {
	err := os.Remove(filepath.Join(data, "postmaster.pid"))
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
