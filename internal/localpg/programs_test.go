//go:build unix

package localpg_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// noPrograms returns the options of a machine without PostgreSQL and without a network.
func noPrograms(t *testing.T) localpg.Options {
	t.Helper()
	dead := httptest.NewServer(nil)
	dead.Close()
	return localpg.Options{
		Search:     []string{"/nowhere", "/usr/lib/nothing/*/bin"},
		Repository: dead.URL,
		CacheDir:   tempDir(t),
	}
}

func TestErrorNamesEverythingTriedAndHowToInstallIt(t *testing.T) {
	t.Parallel()
	o := noPrograms(t)
	_, err := localpg.Start(t.Context(), o)
	for _, part := range []string{
		"version 15 or newer is needed",
		"/nowhere: no programs postgres and initdb",
		"/usr/lib/nothing/*/bin: no programs postgres and initdb",
		"download from " + o.Repository + ": ", "connection refused",
		"apt-get install postgresql", "dnf install", "brew install", "postgresapp.com",
		"set DATABASE_URL to a running",
	} {
		require.ErrorContains(t, err, part)
	}
	o.URLVariable = "OTHER_URL"
	_, err = localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "set OTHER_URL to a running")
}

func TestErrorForDataOfAnotherVersionNamesThatVersion(t *testing.T) {
	t.Parallel()
	o := noPrograms(t)
	o.Search = append(o.Search, fakePrograms(t, "postgres (PostgreSQL) 15.1"))
	o.Dir = tempDir(t)
	require.NoError(t, os.MkdirAll(dataOf(o.Dir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dataOf(o.Dir), "PG_VERSION"), []byte("12\n"),
		0o600))
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err,
		"the data in "+o.Dir+" was written by version 12 and needs that version")
	require.ErrorContains(t, err, "is version 15")
	require.ErrorContains(t, err, "the repository has no version 12")
}

func TestDirectoryThatIsNotAClusterIsRefused(t *testing.T) {
	t.Parallel()
	o := noPrograms(t)
	o.Dir = tempDir(t)
	require.NoError(t, os.MkdirAll(dataOf(o.Dir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dataOf(o.Dir), "PG_VERSION"), []byte("9.6\n"),
		0o600))
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "does not look like a PostgreSQL cluster")
}

func TestUnsuitableProgramsAreSkippedWithTheReason(t *testing.T) {
	t.Parallel()
	old := fakePrograms(t, "postgres (PostgreSQL) 9.6.24")
	odd := fakePrograms(t, "mysqld")
	o := noPrograms(t)
	o.Search = []string{old, odd}
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, old+": is version 9")
	require.ErrorContains(t, err, odd+": postgres --version prints")

	s := start(t, localpg.Options{Search: append([]string{old, odd}, localpg.DefaultSearch()...)})
	require.NotContains(t, []string{old, odd}, s.Programs())
}

func TestNewestVersionThatMatchesAPatternIsStarted(t *testing.T) {
	t.Parallel()
	root := tempDir(t)
	for _, version := range []string{"9", "15", "100", "16"} {
		writeFakePrograms(t, filepath.Join(root, version), "postgres (PostgreSQL) "+version)
	}
	o := noPrograms(t)
	o.Search = []string{filepath.Join(root, "*")}
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, filepath.Join(root, "100", "initdb"), "the newest was started")
}

// fakePrograms makes a directory with programs that only print a version.
func fakePrograms(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join(tempDir(t), "bin")
	writeFakePrograms(t, dir, version)
	return dir
}

func writeFakePrograms(t *testing.T, dir, version string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && echo '%s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
}
