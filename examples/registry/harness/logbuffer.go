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
func (j *LogBuffer) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	hadLine := bytes.IndexByte(j.text.Bytes(), '\n') >= 0
	j.text.Write(p)
	if !hadLine && bytes.IndexByte(p, '\n') >= 0 {
		close(j.first)
	}
	return len(p), nil
}

// String returns what was written so far.
func (j *LogBuffer) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// URL waits for the first log line and returns its url, which is the registry's.
func (j *LogBuffer) URL(t *testing.T) string {
	t.Helper()
	select {
	case <-j.first:
	case <-time.After(time.Minute):
		t.Fatal("no log line within a minute")
	}
	line, _, _ := strings.Cut(j.String(), "\n")
	var entry struct{ URL string }
	if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.URL == "" {
		t.Fatalf("the first log line has no URL: %v\n%s", err, j)
	}
	return entry.URL
}
