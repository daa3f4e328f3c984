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

// repository serves jar as every release there is, and counts how often.
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

// offered is a machine without PostgreSQL, and a repository that offers archive.
func offered(t *testing.T, archive []byte) (localpg.Options, *repository) {
	t.Helper()
	var jar bytes.Buffer
	zipped := zip.NewWriter(&jar)
	file, err := zipped.Create("postgres.txz")
	require.NoError(t, err)
	_, err = file.Write(archive)
	require.NoError(t, err)
	require.NoError(t, zipped.Close())

	sum := sha256.Sum256(jar.Bytes())
	repo := &repository{jar: jar.Bytes(), checksum: hex.EncodeToString(sum[:])}
	server := httptest.NewServer(repo)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return localpg.Options{Search: []string{}, Repository: server.URL, CacheDir: tempDir(t)}, repo
}

// programs is an archive as the repository has it, its programs being the
// machine's own.
func programs(t *testing.T) []byte {
	t.Helper()
	own := start(t, localpg.Options{})
	defer own.Stop()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		text := "#!/bin/sh\nexec '" + filepath.Join(own.Programs(), name) + "' \"$@\"\n"
		require.NoError(t, w.WriteHeader(
			&tar.Header{Name: "bin/" + name, Mode: 0o755, Size: int64(len(text))}))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return xz(archive.Bytes())
}

func TestDownloadsOnceWhereTheMachineHasNone(t *testing.T) {
	t.Parallel()
	o, repo := offered(t, programs(t))
	for range 2 {
		s := start(t, o)
		require.Equal(t, "1", ask(t, s.URL(), "SELECT 1"))
		require.True(t, strings.HasPrefix(s.Programs(), o.CacheDir), s.Programs())
		require.NoError(t, s.Stop())
	}
	require.EqualValues(t, 1, repo.downloads.Load())
	require.ElementsMatch(t, []string{"download.lock", "postgresql-15.13.0"},
		entries(t, o.CacheDir))
}

func TestDownloadThatIsNotWhatWasPublishedIsRefused(t *testing.T) {
	t.Parallel()
	o, repo := offered(t, programs(t))
	repo.checksum = strings.Repeat("0", 64)
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "checksums do not match")
	require.Equal(t, []string{"download.lock"}, entries(t, o.CacheDir))
}

func TestDownloadThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	whole := programs(t)
	// within the last program: the others are unpacked by then
	o, _ := offered(t, whole[:len(whole)-1200])
	_, err := localpg.Start(t.Context(), o)
	require.ErrorContains(t, err, "download from "+o.Repository+": unable to extract")
	require.Equal(t, []string{"download.lock"}, entries(t, o.CacheDir))
}
