//go:build unix

package localpg

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// releases are the releases to download, by major version.
var releases = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// download returns the directory of the downloaded programs. It downloads them if the cache doesn't
// have them.
func download(ctx context.Context, o Options, want int) (string, error) {
	if want == 0 {
		want = Oldest
	}
	release, ok := releases[want]
	if !ok {
		return "", fmt.Errorf("the repository has no version %d", want)
	}
	cache, err := cacheDir(o)
	if err != nil {
		return "", err
	}
	l, err := waitForLock(filepath.Join(cache, "download.lock"))
	if err != nil {
		return "", err
	}
	defer l.release()

	home := filepath.Join(cache, "postgresql-"+string(release))
	bin := filepath.Join(home, "bin")
	if isProgram(filepath.Join(bin, "postgres")) {
		return bin, nil
	}
	if err := checkReachable(ctx, o.Repository); err != nil {
		return "", err
	}
	o.logf("downloading PostgreSQL %s from %s into %s", release, o.Repository, cache)
	return bin, fetch(o.Repository, release, home)
}

func cacheDir(o Options) (string, error) {
	dir := o.CacheDir
	if dir == "" {
		var err error
		if dir, err = defaultCacheDir(); err != nil {
			return "", err
		}
	}
	// Every user may read it, since PostgreSQL may run as another user.
	return dir, os.MkdirAll(dir, 0o755)
}

// checkReachable fails within ten seconds if the repository doesn't answer. The download itself
// would take minutes to fail.
func checkReachable(ctx context.Context, repository string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, repository, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// fetch downloads and unpacks a release into home. It creates home by a rename, so home is always
// complete.
func fetch(repository string, release embeddedpostgres.PostgresVersion, home string) error {
	work, err := os.MkdirTemp(filepath.Dir(home), "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	port, err := daemon.FreePort()
	if err != nil {
		return err
	}
	unpacked := filepath.Join(work, "programs")
	database := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(release).
		BinaryRepositoryURL(repository).
		CachePath(work).
		BinariesPath(unpacked).
		RuntimePath(filepath.Join(work, "runtime")).
		Port(uint32(port)).
		Logger(io.Discard))

	// The library can't only unpack: Start also runs a server, which isn't needed.
	err = database.Start()
	if err == nil {
		err = database.Stop()
	}
	if err != nil && !isUnpacked(err) {
		return err
	}
	return os.Rename(unpacked, home)
}

// isUnpacked reports whether the library had unpacked everything before err. It fails later for
// root, whom initdb refuses.
func isUnpacked(err error) bool {
	return strings.HasPrefix(err.Error(), "unable to init database") ||
		strings.HasPrefix(err.Error(), "could not start postgres")
}
