package commands_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestWrongUsageOfTenantAndKeyExitsWithTwo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"update without changes": {"tenant", "update", "acme"},
		"quota with --no-quotas": {"tenant", "update", "acme", "--no-quotas", "--quota", "agent=1"},
		"invalid settings":       {"tenant", "update", "acme", "--settings", "{"},
		"invalid quota":          {"tenant", "create", "acme", "--quota", "agent=many"},
		"unknown state":          {"tenant", "list", "--state", "purged"},
		"missing role":           {"key", "create", "ci", "--tenant", "acme"},
		"missing tenant":         {"key", "list"},
		"purge without input":    {"tenant", "purge", "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, cli.ExitUsage, harness.RunLine(t, args...).Status)
		})
	}
}
