//go:build unix

package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// Oldest is the oldest supported major version of PostgreSQL.
const Oldest = 15

// howToGet ends with the environment variable that names a running server.
const howToGet = `get one of these:
  Debian, Ubuntu   apt-get install postgresql
  Fedora           dnf install postgresql-server
  macOS            brew install postgresql@17, or https://postgresapp.com
  anywhere         set %s to a running PostgreSQL`

// findPrograms returns the directory of the first PostgreSQL whose major version is want or, if
// want is 0, at least [Oldest]. It downloads PostgreSQL if the machine has none. The error names
// everything it tried.
func findPrograms(ctx context.Context, o Options, acct account, want int) (string, error) {
	var tried []string
	for _, pattern := range o.Search {
		bins := installed(pattern)
		if len(bins) == 0 {
			tried = append(tried, pattern+": no programs postgres and initdb")
		}
		for _, bin := range bins {
			err := checkVersion(ctx, acct, bin, want)
			if err == nil {
				return bin, nil
			}
			tried = append(tried, fmt.Sprintf("%s: %v", bin, err))
		}
	}
	bin, err := download(ctx, o, want)
	if err == nil {
		err = checkVersion(ctx, acct, bin, want)
	}
	if err == nil {
		return bin, nil
	}
	tried = append(tried, fmt.Sprintf("download from %s: %v", o.Repository, err))
	return "", fmt.Errorf("no PostgreSQL to start: %s; tried\n  %s\n%s",
		requirement(o, want), strings.Join(tried, "\n  "), fmt.Sprintf(howToGet, o.URLVariable))
}

func requirement(o Options, want int) string {
	if want == 0 {
		return fmt.Sprintf("version %d or newer is needed", Oldest)
	}
	return fmt.Sprintf("the data in %s was written by version %d and needs that version", o.Dir,
		want)
}

// installed returns the directories that match pattern and contain both programs, the newest
// version first.
func installed(pattern string) []string {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool {
		return !isProgram(filepath.Join(dir, "postgres")) ||
			!isProgram(filepath.Join(dir, "initdb"))
	})
	slices.SortStableFunc(dirs,
		func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	return dirs
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

var digits = regexp.MustCompile(`\d+`)

// numbers returns the numbers in a path, so that version 9 sorts before version 10.
func numbers(path string) []int {
	var all []int
	for _, text := range digits.FindAllString(path, -1) {
		if n, err := strconv.Atoi(text); err == nil {
			all = append(all, n)
		}
	}
	return all
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// checkVersion runs the program as the account that will run the server, and checks the version it
// prints.
func checkVersion(ctx context.Context, acct account, bin string, want int) error {
	out, err := output(ctx, acct.Command("/", filepath.Join(bin, "postgres"), "--version"))
	if err != nil {
		return fmt.Errorf("postgres --version: %w: %s", err, bytes.TrimSpace(out))
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return fmt.Errorf("postgres --version prints %q", out)
	}
	version, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return err
	}
	if (want != 0 && version != want) || version < Oldest {
		return fmt.Errorf("is version %d", version)
	}
	return nil
}

// output runs cmd and returns everything it wrote. Cancelling ctx kills it together with its
// children. It also ends with our process (see [daemon.Start]).
func output(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	daemon.DieWithParent(cmd.SysProcAttr)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	undo := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer undo()
	err := cmd.Wait()
	return out.Bytes(), errors.Join(err, ctx.Err())
}
