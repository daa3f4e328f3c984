package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// secretsKeySize is the size of the key that encrypts secrets, in bytes.
const secretsKeySize = 32

// parseSecretsKey decodes a key. An empty text is no key and no error.
func parseSecretsKey(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	if err := terminal.CheckUnquoted("SECRETS_KEY", text); err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != secretsKeySize {
		return nil, fmt.Errorf("SECRETS_KEY isn't base64 of %d bytes: generate one with openssl"+
			" rand -base64 %d", secretsKeySize, secretsKeySize)
	}
	return key, nil
}

// loadSecretsKey returns the key that encrypts secrets: SECRETS_KEY, or else the
// key file in the data directory, which the first call creates.
func (s Settings) loadSecretsKey() ([]byte, error) {
	if len(s.secretsKey) > 0 {
		return s.secretsKey, nil
	}
	path := filepath.Join(s.dataDir, "secrets.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return createSecretsKey(path)
	}
	if err != nil {
		return nil, err
	}
	key, err := parseSecretsKey(terminal.TrimInvisible(string(text)))
	if err != nil || key == nil {
		return nil, fmt.Errorf("%s is damaged: it must hold base64 of %d bytes; restore it from a"+
			" backup: without it no stored secret can be decrypted", path, secretsKeySize)
	}
	return key, nil
}

// createSecretsKey writes a new key to a temporary file and links it to path, so
// that the key file is always complete. If two servers start at the same time, the
// first link wins and both read the same key.
func createSecretsKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	var key [secretsKeySize]byte
	rand.Read(key[:])
	temp, err := os.CreateTemp(filepath.Dir(path), "secrets.key-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseSecretsKey(terminal.TrimInvisible(string(text)))
}
