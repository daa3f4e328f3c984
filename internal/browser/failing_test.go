package browser_test

import (
	"fmt"
	"runtime"
	"testing"
)

// failing is a test that remembers its failure in place of failing. What it runs needs a goroutine,
// which Fatalf ends.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
