package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, role := range tenancy.Roles() {
		if got, err := tenancy.ParseRole(string(role)); err != nil || got != role {
			t.Errorf("ParseRole(%q) = %q, %v", role, got, err)
		}
	}
	for _, s := range []string{"", "Admin", "admin ", "owner", "super-admin", "viewer,admin"} {
		got, err := tenancy.ParseRole(s)
		WantCode(t, err, tenancy.CodeInvalid)
		if got != "" {
			t.Errorf("ParseRole(%q) answered %q beside its error", s, got)
		}
	}
}
