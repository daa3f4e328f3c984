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

// releases are what can be downloaded, by major version.
var releases = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// download answers the folder of the downloaded programs, which it fetches the
// first time.
func download(ctx context.Context, o Options, want int) (string, error) {
	if want == 0 {
		want = Oldest
	}
	release, ok := releases[want]
	if !ok {
		return "", fmt.Errorf("version %d is not to be had there", want)
	}
	cache, err := cacheDir(o)
	if err != nil {
		return "", err
	}
	l, err := wait(filepath.Join(cache, "download.lock"))
	if err != nil {
		return "", err
	}
	defer l.release()

	home := filepath.Join(cache, "postgresql-"+string(release))
	bin := filepath.Join(home, "bin")
	if isProgram(filepath.Join(bin, "postgres")) {
		return bin, nil
	}
	if err := reach(ctx, o.Repository); err != nil {
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
	// Readable for all: PostgreSQL may run as somebody else.
	return dir, os.MkdirAll(dir, 0o755)
}

// reach reports at once what the download would take minutes to find out: that
// no answer comes.
func reach(ctx context.Context, repository string) error {
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

// fetch downloads and unpacks a release into home, which appears when it is
// whole.
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

	// The library has no way to only unpack: Start goes on to run a server of
	// its own, which we don't need.
	err = database.Start()
	if err == nil {
		err = database.Stop()
	}
	if err != nil && !wholeDespite(err) {
		return err
	}
	return os.Rename(unpacked, home)
}

// wholeDespite reports whether the library had unpacked everything when it
// failed, as it does for root, whom initdb refuses.
func wholeDespite(err error) bool {
	return strings.HasPrefix(err.Error(), "unable to init database") ||
		strings.HasPrefix(err.Error(), "could not start postgres")
}
