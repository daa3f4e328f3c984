package localpg

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// rootDir is root's default data directory, since PostgreSQL runs as a user who can't enter root's
// home directory.
const rootDir = "/var/lib/bailiwick"

// DefaultDir returns the default data directory: /var/lib/bailiwick for root, ~/Library/Application
// Support/bailiwick on macOS, and bailiwick in $XDG_DATA_HOME or ~/.local/share elsewhere. It may
// not exist yet. A user without a home directory gets an error.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return rootDir, nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) && runtime.GOOS != "darwin" {
		return filepath.Join(data, "bailiwick"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no default data directory: %w; set DATA_DIR", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "bailiwick"), nil
	}
	return filepath.Join(home, ".local", "share", "bailiwick"), nil
}

// defaultCacheDir returns the default directory for downloads, which the user that PostgreSQL runs
// as can read.
func defaultCacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/bailiwick", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no default cache directory: %w", err)
	}
	return filepath.Join(cache, "bailiwick"), nil
}
