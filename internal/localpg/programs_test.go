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

// nothingToBeHad is a machine without PostgreSQL and without a network.
func nothingToBeHad(t *testing.T) localpg.Options {
	t.Helper()
	dead := httptest.NewServer(nil)
	dead.Close()
	return localpg.Options{
		Search:     []string{"/nowhere", "/usr/lib/nothing/*/bin"},
		Repository: dead.URL,
		CacheDir:   tempDir(t),
	}
}

func TestErrorNamesEverythingTriedAndHowToGetIt(t *testing.T) {
	t.Parallel()
	o := nothingToBeHad(t)
	_, err := localpg.Start(t.Context(), o)
	for _, part := range []string{
		"version 15 or newer is needed",
		"/nowhere: no postgres and initdb there",
		"/usr/lib/nothing/*/bin: no postgres and initdb there",
		"download from " + o.Repository + ": ", "connection refused",
		"apt-get install postgresql", "dnf install", "brew install", "postgresapp.com",
		"DATABASE_URL",
	} {
		require.ErrorContains(t, err, part)
	}
}

func TestDataOfAnotherVersionSaysWhichIsNeeded(t *testing.T) {
	t.Parallel()
	o := nothingToBeHad(t)
	o.Search = append(o.Search, script(t, "postgres (PostgreSQL) 15.1"))
	o.Dir = tempDir(t)
	require.NoError(t, os.MkdirAll(dataOf(o.Dir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dataOf(o.Dir), "PG_VERSION"), []byte("12\n"),
		0o600))
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err,
		"the data in "+o.Dir+" was written by version 12 and needs that version")
	require.ErrorContains(t, err, "is version 15")
	require.ErrorContains(t, err, "version 12 is not to be had there")
}

func TestFolderThatIsNoCluster(t *testing.T) {
	t.Parallel()
	o := nothingToBeHad(t)
	o.Dir = tempDir(t)
	require.NoError(t, os.MkdirAll(dataOf(o.Dir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dataOf(o.Dir), "PG_VERSION"), []byte("9.6\n"),
		0o600))
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "does not look like a PostgreSQL cluster")
}

func TestUnfitProgramsArePassedOverWithTheReason(t *testing.T) {
	t.Parallel()
	old := script(t, "postgres (PostgreSQL) 9.6.24")
	odd := script(t, "mysqld")
	o := nothingToBeHad(t)
	o.Search = []string{old, odd}
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, old+": is version 9")
	require.ErrorContains(t, err, odd+": postgres --version says")

	s := start(t, localpg.Options{Search: append([]string{old, odd}, localpg.DefaultSearch()...)})
	require.NotContains(t, []string{old, odd}, s.Programs())
}

func TestNewestVersionOfAPatternComesFirst(t *testing.T) {
	t.Parallel()
	root := tempDir(t)
	for _, version := range []string{"9", "15", "100", "16"} {
		writeScript(t, filepath.Join(root, version), "postgres (PostgreSQL) "+version)
	}
	o := nothingToBeHad(t)
	o.Search = []string{filepath.Join(root, "*")}
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, filepath.Join(root, "100", "initdb"), "the newest was started")
}

// script is a folder with programs that only tell a version.
func script(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join(tempDir(t), "bin")
	writeScript(t, dir, version)
	return dir
}

func writeScript(t *testing.T, dir, version string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && echo '%s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
}
