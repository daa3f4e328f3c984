//go:build unix

package localpg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

const throwawayPrefix = "bailiwick-pg-"

// makeThrowaway makes a locked folder in temp. Another process that sweeps may
// take a new folder for an abandoned one until it is locked: then make another.
func makeThrowaway(temp string) (string, *lock, error) {
	for {
		dir, err := os.MkdirTemp(temp, throwawayPrefix)
		if err != nil {
			return "", nil, err
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return "", nil, err
		}
		l, err := acquire(lockOf(dir))
		if err == nil && l.inPlace() {
			return dir, l, nil
		}
		if err == nil {
			err = l.release()
		}
		_, held := errors.AsType[*heldError](err)
		if err != nil && !held && !errors.Is(err, os.ErrNotExist) {
			return "", nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
}

// sweep removes the throw-away clusters whose process was killed. What it can't
// remove it leaves to the next sweep: nothing depends on it.
func sweep(o Options) {
	dirs, err := filepath.Glob(filepath.Join(o.TempDir, throwawayPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		if ours(dir) {
			sweepOne(dir)
		}
	}
}

func sweepOne(dir string) {
	file, err := os.OpenFile(lockOf(dir), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if _, err := tryLock(file); err != nil {
		return
	}
	h := house{dir: dir}
	if endOrphans(context.Background(), h.data()) == nil {
		_ = os.RemoveAll(dir)
	}
}

// ours reports whether dir is a folder of ours: in a folder that all users
// share, a stranger may have put a link or a trap under the same name.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
