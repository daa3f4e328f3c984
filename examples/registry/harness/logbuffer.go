package harness

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

// LogBuffer stores what a registry writes to standard error.
type LogBuffer struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{} // closed when the first line is complete
}

func newLogBuffer() *LogBuffer { return &LogBuffer{first: make(chan struct{})} }

// Write stores p.
func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	hadLine := bytes.IndexByte(b.text.Bytes(), '\n') >= 0
	b.text.Write(p)
	if !hadLine && bytes.IndexByte(p, '\n') >= 0 {
		close(b.first)
	}
	return len(p), nil
}

// String returns what was written so far.
func (b *LogBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// URL waits for the first log line and returns its url, which is the registry's.
func (b *LogBuffer) URL(t testing.TB) string {
	t.Helper()
	select {
	case <-b.first:
	case <-time.After(time.Minute):
		t.Fatal("no log line within a minute")
	}
	line, _, _ := strings.Cut(b.String(), "\n")
	var entry struct{ URL string }
	if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.URL == "" {
		t.Fatalf("the first log line has no URL: %v\n%s", err, b)
	}
	return entry.URL
}
