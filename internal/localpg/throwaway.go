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

// makeThrowaway makes a locked directory in temp. Until it is locked, another process may remove it
// as abandoned; makeThrowaway then makes another.
func makeThrowaway(temp string) (string, *lock, error) {
	for {
		dir, err := os.MkdirTemp(temp, throwawayPrefix)
		if err != nil {
			return "", nil, err
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return "", nil, err
		}
		l, err := acquire(lockPath(dir))
		if err == nil && l.isCurrent() {
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

// removeAbandoned removes the throw-away clusters whose process was killed. It ignores errors: the
// next call tries again, and nothing depends on it.
func removeAbandoned(o Options) {
	dirs, err := filepath.Glob(filepath.Join(o.TempDir, throwawayPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		if isOurs(dir) {
			removeIfAbandoned(dir)
		}
	}
}

func removeIfAbandoned(dir string) {
	file, err := os.OpenFile(lockPath(dir), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if _, err := tryLock(file); err != nil {
		return
	}
	d := dataDir{dir: dir}
	if endOrphans(context.Background(), d.data()) == nil {
		_ = os.RemoveAll(dir)
	}
}

// isOurs reports whether dir is a directory that our user owns. In a shared directory another user
// may have made a link or a malicious directory with such a name.
func isOurs(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
