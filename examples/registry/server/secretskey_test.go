package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecretsKeyIsCreatedOnceAndKept(t *testing.T) {
	t.Parallel()
	s := Settings{dataDir: filepath.Join(t.TempDir(), "data")}
	path := filepath.Join(s.dataDir, "secrets.key")
	first, err := s.loadSecretsKey()
	require.NoError(t, err)
	require.Len(t, first, secretsKeySize)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	second, err := s.loadSecretsKey()
	require.NoError(t, err)
	require.Equal(t, first, second)
	files, err := os.ReadDir(s.dataDir)
	require.NoError(t, err)
	require.Len(t, files, 1)

	// an editor adds a byte order mark and line breaks
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("\ufeff"+string(text)+"\r\n"), 0o600))
	third, err := s.loadSecretsKey()
	require.NoError(t, err)
	require.Equal(t, first, third)

	for _, damaged := range []string{"", "\n", "short", string(make([]byte, 32))} {
		require.NoError(t, os.WriteFile(path, []byte(damaged), 0o600))
		_, err = s.loadSecretsKey()
		require.ErrorContains(t, err, "is damaged")
	}
}
