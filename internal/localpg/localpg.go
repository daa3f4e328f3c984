package localpg

import (
	"fmt"
	"io"
	"os"
)

// Options says what to start. The zero value is a throw-away cluster.
type Options struct {
	// Dir is the folder that keeps the cluster between starts; it is made if
	// missing. A second server on it is refused. Empty: a throw-away cluster in
	// a folder under TempDir, fast rather than durable, removed at Stop.
	Dir string

	// TempDir holds throw-away clusters. Defaults to [os.TempDir].
	TempDir string

	// Search lists the folders that may hold the programs postgres and initdb,
	// as patterns of [path/filepath.Glob], best first. Defaults to
	// [DefaultSearch]; empty but not nil searches nowhere.
	Search []string

	// Repository is the Maven repository that the programs are downloaded from
	// when the machine has none. Defaults to https://repo1.maven.org/maven2.
	Repository string

	// CacheDir keeps what was downloaded. Defaults to /var/cache/bailiwick for
	// root, and to bailiwick in [os.UserCacheDir] for everybody else.
	CacheDir string

	// Log gets a line for each step that takes a while. Defaults to none.
	Log io.Writer
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
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func (o Options) logf(format string, args ...any) {
	fmt.Fprintf(o.Log, format+"\n", args...)
}
