package browser_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// program writes a shell script that can be executed, and returns its path.
func program(t *testing.T, script string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	return name
}

func TestChromiumIsSearchedInOrder(t *testing.T) {
	t.Parallel()
	root, bin := t.TempDir(), t.TempDir()
	named := program(t, "", t.TempDir(), "my-chromium")
	chrome := program(t, "", bin, "google-chrome")
	known := program(t, "", root, "opt/google/chrome/chrome")
	cached := program(t, "", root, "home/.cache/ms-playwright/chromium-7/chrome-linux/chrome")
	require.NoError(t, os.WriteFile(filepath.Join(bin, "chromium"), nil, 0o600)) // can't be executed
	env := map[string]string{"BROWSER": named, "PATH": bin + ":relative", "HOME": "/home"}
	found, missing := browser.Candidates(env, "linux", root)
	require.Equal(t, []browser.Found{
		{Source: "BROWSER=" + named, Path: named},
		{Source: "PATH: google-chrome", Path: chrome},
		{Source: "/opt/google/chrome/chrome", Path: known},
		{Source: "/home/.cache/ms-playwright/chromium-*/*/chrome", Path: cached},
	}, found)
	require.Contains(t, missing, "PATH: chromium: none")
}

func TestChromiumIsFoundInTheFoldersOfAMac(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	own := program(t, "", root, "Users/a/Applications/Chromium.app/Contents/MacOS/Chromium")
	all := program(t, "", root, "Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
	found, _ := browser.Candidates(map[string]string{"HOME": "/Users/a"}, "darwin", root)
	require.Len(t, found, 2)
	require.Equal(t, all, found[0].Path)
	require.Equal(t, own, found[1].Path)
}

func TestNoChromiumIsAnErrorThatNamesAllThatWasTried(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	program(t, "echo broken >&2; exit 3", bin, "chromium")
	program(t, "echo no engine >&2; exit 1", bin, "docker")
	err := browser.StartAndStop(t.Context(), map[string]string{"PATH": bin, "BROWSER": "/none"},
		"linux", t.TempDir(), nil)
	for _, text := range []string{"BROWSER=/none: none", "chromium: ", "PATH: msedge: none",
		"/usr/lib/chromium/chromium: none", "no engine", "chromedp/headless-shell",
		"apt-get install chromium", "brew install --cask chromium"} {
		require.ErrorContains(t, err, text)
	}
}

// TestContainerTalksOverStandardInputAndOutput has an engine that starts this machine's Chromium in
// place of an image's, with the arguments that the container would get.
func TestContainerTalksOverStandardInputAndOutput(t *testing.T) {
	t.Parallel()
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	program(t, `echo "$@" >>`+log+`
[ "$1" = image ] && exit 0
while [ "$1" != an/image ]; do shift; done; shift
exec sh "$@"`, bin, "docker")
	env := map[string]string{"PATH": bin, "BROWSER_IMAGE": "an/image"}
	var folder string
	err := browser.StartAndStop(t.Context(), env, "linux", t.TempDir(), func(source, dir string) error {
		folder = dir
		if source != "docker, image an/image: "+bin+"/docker" {
			return fmt.Errorf("source %s", source)
		}
		return nil
	})
	require.NoError(t, err)
	require.NoDirExists(t, folder)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Contains(t, string(text), "--pull=never")
	require.Contains(t, string(text), "--remote-debugging-pipe")
}

func TestStopLeavesNoFolderAndNoProcess(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PATH": os.Getenv("PATH"), "BROWSER": os.Getenv("BROWSER")}
	var folder string
	err := browser.StartAndStop(t.Context(), env, runtime.GOOS, "", func(_, dir string) error {
		folder = dir
		return nil
	})
	require.NoError(t, err)
	require.NoDirExists(t, folder)
	require.Empty(t, processesWith(folder))
}

// processesWith returns the command lines that name a folder.
func processesWith(folder string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && len(line) > 0 &&
			strings.Contains(string(line), folder) {
			found = append(found, string(line))
		}
	}
	return found
}

func TestFoldersOfKilledProcessesAreRemoved(t *testing.T) {
	t.Parallel()
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	parent := t.TempDir()
	stale := filepath.Join(parent, fmt.Sprintf("bailiwick-browser-%d-1", ended.Process.Pid))
	live := filepath.Join(parent, fmt.Sprintf("bailiwick-browser-%d-1", os.Getpid()))
	other := filepath.Join(parent, "bailiwick-browser-x-1")
	for _, dir := range []string{stale, live, other} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "profile"), 0o700))
	}
	require.NoError(t, browser.Sweep(parent))
	require.NoDirExists(t, stale)
	require.DirExists(t, live)
	require.DirExists(t, other)
}

func TestTestsWaitForEachOthersPages(t *testing.T) {
	t.Parallel()
	acquire, release := browser.Limit(1)
	acquire("TestA")
	acquire("TestA")     // a second page
	acquire("TestA/sub") // its subtest's
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		acquire("TestAB")
	}()
	for _, name := range []string{"TestA", "TestA/sub"} {
		release(name)
		select {
		case <-waited:
			t.Fatal("TestAB didn't wait")
		case <-time.After(20 * time.Millisecond):
		}
	}
	release("TestA")
	<-waited
}

func TestTemplateLiteralEndsAtItsQuote(t *testing.T) {
	t.Parallel()
	literal, found := browser.TemplateLiteral("`a\\`b\\\\` rest `")
	require.True(t, found)
	require.Equal(t, "`a\\`b\\\\`", literal)
	for _, text := range []string{"", "a`", "`open", "`open\\`"} {
		_, found := browser.TemplateLiteral(text)
		require.False(t, found, text)
	}
}
