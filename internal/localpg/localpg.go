package localpg

import (
	"fmt"
	"io"
	"os"
)

// Options are the options of [Start]. The zero value starts a throw-away cluster.
type Options struct {
	// Dir is the directory that keeps the cluster between starts. Start makes it if it is missing,
	// and fails if another server uses it. Empty means a throw-away cluster in a directory below
	// TempDir, which is fast rather than durable and which Stop removes.
	Dir string

	// TempDir holds throw-away clusters. Defaults to [os.TempDir].
	TempDir string

	// Search lists the directories that may contain the programs postgres and initdb, as patterns
	// of [path/filepath.Glob], preferred ones first. Defaults to [DefaultSearch]; an empty list
	// that isn't nil searches nowhere.
	Search []string

	// Repository is the URL of the Maven repository from which the programs are downloaded if the
	// machine has none. Defaults to https://repo1.maven.org/maven2.
	Repository string

	// CacheDir keeps downloads. Defaults to /var/cache/bailiwick for root, and to bailiwick in
	// [os.UserCacheDir] for other users.
	CacheDir string

	// URLVariable is the environment variable in which the caller takes the URL of a running
	// server, for the error. Defaults to DATABASE_URL.
	URLVariable string

	// Log receives a line for each slow step. Defaults to [io.Discard].
	Log io.Writer
}

// InUseError is the error of [Start] for a directory whose server another process runs.
// [Running] returns the URL of that server.
type InUseError struct{ Dir, PID string }

// Error names the process and says what to do.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use by process %s: stop that process or choose another DATA_DIR",
		e.Dir, e.PID)
}

func (o Options) withDefaults() Options {
	if o.TempDir == "" {
		o.TempDir = os.TempDir()
	}
	if o.Search == nil {
		o.Search = DefaultSearch()
	}
	if o.Repository == "" {
		o.Repository = "https://repo1.maven.org/maven2"
	}
	if o.URLVariable == "" {
		o.URLVariable = "DATABASE_URL"
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func (o Options) logf(format string, args ...any) {
	fmt.Fprintf(o.Log, format+"\n", args...)
}
