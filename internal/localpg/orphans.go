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

// endOrphans ends what a killed server left running on the cluster in data, and
// removes the pid file it left behind: PostgreSQL takes any process of that
// number for a rival, be it another program or a zombie that nobody reaps. The
// caller holds the cluster's lock, so no server of ours can be among them.
func endOrphans(ctx context.Context, data string) error {
	if _, err := os.Stat(data); os.IsNotExist(err) {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		gone, err := endWith(ctx, signal, data)
		if err != nil {
			return err
		}
		if gone {
			return removePidFile(data)
		}
	}
	return fmt.Errorf("a PostgreSQL of an earlier start still runs on %s and does not end:"+
		" processes %v", data, servers(data))
}

// endWith signals every server on data and waits a while until all are gone.
func endWith(ctx context.Context, signal syscall.Signal, data string) (bool, error) {
	for _, pid := range servers(data) {
		if err := syscall.Kill(pid, signal); err != nil && err != syscall.ESRCH {
			return false, fmt.Errorf("end the PostgreSQL (pid %d) that runs on %s: %w", pid, data,
				err)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	patience := time.After(10 * time.Second)
	for len(servers(data)) > 0 {
		select {
		case <-tick.C:
		case <-patience:
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
