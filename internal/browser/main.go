package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the Chromium of this test binary.
var shared = struct {
	sync.Mutex
	process *process
	err     error
	stopped bool
}{}

// Main runs a package's tests, stops the Chromium that they used, and exits.
func Main(m *testing.M) { os.Exit(Stop(m.Run())) }

// Stop stops the Chromium, for a TestMain that stops other things, too. It returns the exit code:
// that of the tests, but at least 1 if Chromium failed to stop. [Open] fails afterwards.
//
//	os.Exit(browser.Stop(pgtest.Run(m)))
func Stop(code int) int {
	shared.Lock()
	defer shared.Unlock()
	shared.stopped = true
	if shared.process == nil {
		return code
	}
	err := shared.process.stop()
	shared.process = nil
	if err == nil {
		return code
	}
	fmt.Fprintln(os.Stderr, "browser: stop:", err)
	return max(code, 1)
}

// Source returns which Chromium was started. It is empty before the first page is opened.
func Source() string {
	shared.Lock()
	defer shared.Unlock()
	if shared.process == nil {
		return ""
	}
	return shared.process.source
}

// sharedProcess starts the Chromium if none has been. A failure is not tried again.
func sharedProcess(ctx context.Context) (*process, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.stopped {
		return nil, errors.New("it was stopped")
	}
	if shared.process == nil && shared.err == nil {
		shared.process, shared.err = start(context.WithoutCancel(ctx), thisMachine())
	}
	return shared.process, shared.err
}
