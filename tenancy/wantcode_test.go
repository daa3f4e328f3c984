package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// WantCode fails the test unless err has the code. The empty code means no error.
func WantCode(t *testing.T, err error, want tenancy.Code) {
	t.Helper()
	if got := tenancy.CodeOf(err); got != want {
		t.Errorf("code %q, want %q (error: %v)", got, want, err)
	}
}
