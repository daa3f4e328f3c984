package identity_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// wantCode fails the test unless err has the code. The empty code means no error.
func wantCode(t *testing.T, err error, want tenancy.Code) {
	t.Helper()
	if got := tenancy.CodeOf(err); got != want {
		t.Errorf("code %q, want %q (error: %v)", got, want, err)
	}
}
