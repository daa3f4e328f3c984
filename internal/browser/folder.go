package browser

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const folderPrefix = "bailiwick-browser-"

// newFolder makes a folder for a Chromium. It removes those of test processes that were killed: a
// folder's name holds the process's id.
func newFolder() (string, error) {
	if err := sweep(os.TempDir()); err != nil {
		return "", err
	}
	return os.MkdirTemp("", fmt.Sprintf("%s%d-", folderPrefix, os.Getpid()))
}

func sweep(parent string) error {
	dirs, err := filepath.Glob(filepath.Join(parent, folderPrefix+"*-*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		text, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), folderPrefix), "-")
		pid, err := strconv.Atoi(text)
		if err != nil || isAlive(pid) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, os.ErrPermission) {
			return err // a folder of another user is left to them
		}
	}
	return nil
}
