package localpg

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// rootDir keeps root's data, since PostgreSQL runs as a user who can't enter
// root's home.
const rootDir = "/var/lib/bailiwick"

// DefaultDir is where data is kept when nobody says where: /var/lib/bailiwick
// for root, ~/Library/Application Support/bailiwick on macOS, and bailiwick in
// $XDG_DATA_HOME or ~/.local/share elsewhere. It need not exist. A user without
// a home gets an error.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return rootDir, nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) && runtime.GOOS != "darwin" {
		return filepath.Join(data, "bailiwick"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep data in: %w; set DATA_DIR", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "bailiwick"), nil
	}
	return filepath.Join(home, ".local", "share", "bailiwick"), nil
}

// defaultCacheDir keeps downloads, readable for the user whom PostgreSQL runs
// as.
func defaultCacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/bailiwick", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep downloads in: %w", err)
	}
	return filepath.Join(cache, "bailiwick"), nil
}
