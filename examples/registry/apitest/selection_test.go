package apitest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
)

func TestOneAgentIsPromotedWithAllThatItRefersTo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.Tenant(t), s.Tenant(t)
	source.Put(t, "model_config", "gpt", map[string]any{"provider": "p", "model": "m"})
	source.Put(t, "mcp_server", "weather", map[string]any{})
	source.Put(t, "prompt", "greeting", map[string]any{"template": "x"})
	source.Put(t, "prompt", "other", map[string]any{"template": "x"})
	source.Put(t, "agent", "base", map[string]any{"model_config": "gpt",
		"mcp_servers": []string{"weather"}})
	source.Put(t, "agent", "triage, the first", map[string]any{"extends": "base",
		"prompts": []string{"greeting"}})
	promote := []string{"promote", source.Tenant, target.Tenant, "--kind", "agent", "--name",
		"triage, the first"}

	got := s.Run(t, promote...).RequireStatus(t, cli.ExitRefused)
	require.Contains(t, got.Err, "dangling_reference")
	got = s.Run(t, append(promote, "--with-references", "-v")...).RequireStatus(t, cli.ExitDone)
	require.Contains(t, got.Err, "selected: 1, added by reference: 4\n"+
		"  agent/base <- agent/triage, the first\n  mcp_server/weather <- agent/base\n"+
		"  model_config/gpt <- agent/base\n  prompt/greeting <- agent/triage, the first\n")

	got = s.Run(t, "export", "--tenant", source.Tenant, "--name", "mistyped").
		RequireStatus(t, cli.ExitRefused)
	require.Empty(t, got.Out)
	require.Contains(t, got.Err, `not_found: nothing that is selected is named "mistyped"`)
}

func TestDiffTakesNamesThatOneTenantDoesNotHave(t *testing.T) {
	t.Parallel()
	s := serve(t)
	from, to := s.Tenant(t), s.Tenant(t)
	from.Put(t, "prompt", "old", map[string]any{"template": "x"})
	from.Put(t, "prompt", "é", map[string]any{"template": "x"})
	to.Put(t, "prompt", "new", map[string]any{"template": "x"})
	diff := func(status int, names ...string) (out, err string) {
		args := []string{"diff", from.Tenant, to.Tenant}
		for _, name := range names {
			args = append(args, "--name", name)
		}
		got := s.Run(t, args...).RequireStatus(t, status)
		return got.Out, got.Err
	}
	out, _ := diff(cli.ExitDone, "old", "new")
	require.Equal(t, `prompt "new" only in `+to.Tenant+"\n"+`prompt "old" only in `+from.Tenant+"\n",
		out)
	out, _ = diff(cli.ExitDone, "e\u0301")
	require.Equal(t, `prompt "é" only in `+from.Tenant+"\n", out)
	_, err := diff(cli.ExitRefused, "old", "mistyped")
	require.Contains(t, err, `is named "mistyped"`)
	_, err = diff(cli.ExitRefused, "mistyped")
	require.Contains(t, err, `is named "mistyped"`)
}
