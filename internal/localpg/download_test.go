//go:build unix

package localpg_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// repository serves the same jar as every release, and counts the downloads.
type repository struct {
	jar       []byte
	checksum  string
	downloads atomic.Int32
}

func (r *repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case strings.HasSuffix(req.URL.Path, ".jar"):
		r.downloads.Add(1)
		_, _ = w.Write(r.jar)
	case strings.HasSuffix(req.URL.Path, ".sha256"):
		_, _ = w.Write([]byte(r.checksum))
	}
}

// startRepository returns the options of a machine without PostgreSQL, and a repository with
// archive.
func startRepository(t *testing.T, content []byte) (localpg.Options, *repository) {
	t.Helper()
	var jar bytes.Buffer
	zipped := zip.NewWriter(&jar)
	file, err := zipped.Create("postgres.txz")
	require.NoError(t, err)
	_, err = file.Write(content)
	require.NoError(t, err)
	require.NoError(t, zipped.Close())

	sum := sha256.Sum256(jar.Bytes())
	repo := &repository{jar: jar.Bytes(), checksum: hex.EncodeToString(sum[:])}
	server := httptest.NewServer(repo)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return localpg.Options{Search: []string{}, Repository: server.URL, CacheDir: tempDir(t)}, repo
}

// archive returns an archive in the repository's format. Its programs run those of this machine.
func archive(t *testing.T) []byte {
	t.Helper()
	own := start(t, localpg.Options{})
	defer own.Stop()
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		text := "#!/bin/sh\nexec '" + filepath.Join(own.Programs(), name) + "' \"$@\"\n"
		require.NoError(t, w.WriteHeader(
			&tar.Header{Name: "bin/" + name, Mode: 0o755, Size: int64(len(text))}))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return xz(packed.Bytes())
}

func TestProgramsAreDownloadedOnceIfTheMachineHasNone(t *testing.T) {
	t.Parallel()
	o, repo := startRepository(t, archive(t))
	for range 2 {
		s := start(t, o)
		require.Equal(t, "1", query(t, s.URL(), "SELECT 1"))
		require.True(t, strings.HasPrefix(s.Programs(), o.CacheDir), s.Programs())
		require.NoError(t, s.Stop())
	}
	require.EqualValues(t, 1, repo.downloads.Load())
	require.ElementsMatch(t, []string{"download.lock", "postgresql-15.13.0"},
		entries(t, o.CacheDir))
}

func TestDownloadWithAWrongChecksumIsRefused(t *testing.T) {
	t.Parallel()
	o, repo := startRepository(t, archive(t))
	repo.checksum = strings.Repeat("0", 64)
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "checksums do not match")
	require.Equal(t, []string{"download.lock"}, entries(t, o.CacheDir))
}

func TestTruncatedDownloadIsRefused(t *testing.T) {
	t.Parallel()
	whole := archive(t)
	// The cut is within the last program, after the others are unpacked.
	o, _ := startRepository(t, whole[:len(whole)-1200])
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "download from "+o.Repository+": unable to extract")
	require.Equal(t, []string{"download.lock"}, entries(t, o.CacheDir))
}
