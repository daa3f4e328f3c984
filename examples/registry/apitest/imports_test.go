package apitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
)

// conflictingTenants are a source and a target that differ in an agent and in a
// prompt. In both, an equal agent refers to the prompt.
type conflictingTenants struct {
	source, target harness.Caller
	bundle         []byte
}

// makeConflict creates the tenants and exports the source.
func makeConflict(t *testing.T, s *harness.Server) conflictingTenants {
	t.Helper()
	c := conflictingTenants{source: s.Tenant(t), target: s.Tenant(t)}
	for _, side := range []harness.Caller{c.source, c.target} {
		side.Put(t, "prompt", "p", map[string]any{"template": side.Tenant})
		side.Put(t, "agent", "differs", map[string]any{"description": side.Tenant},
			"from", side.Tenant)
		side.Put(t, "agent", "refers", map[string]any{"prompts": []string{"p"}})
		side.Put(t, "agent", "equal", map[string]any{"tools": []string{"x"}})
	}
	c.source.Put(t, "agent", "new", map[string]any{"extends": "differs", "prompts": []string{"p"}})
	c.bundle = c.source.Export(t)
	return c
}

// actionsOf returns the action for each item of a report.
func actionsOf(r report) map[string]string {
	m := map[string]string{}
	for _, item := range r.Items {
		m[item.Kind+" "+item.Name] = strings.TrimSpace(item.Action + " " + item.RenamedTo)
	}
	return m
}

func TestImportFollowsStrategy(t *testing.T) {
	t.Parallel()
	s := serve(t)
	type spec = map[string]any
	cases := map[string]struct {
		actions map[string]string
		counts  map[string]int
		check   func(t *testing.T, c conflictingTenants)
	}{
		"skip": {
			map[string]string{"agent differs": "skip", "prompt p": "skip",
				"agent refers": "unchanged", "agent equal": "unchanged", "agent new": "create",
				"defaults default": "unchanged"},
			map[string]int{"create": 1, "skip": 2, "unchanged": 3},
			func(t *testing.T, c conflictingTenants) {
				require.Equal(t, c.target.Tenant,
					c.target.Spec(t, "agent", "differs")["description"])
				require.Equal(t, "differs", c.target.Spec(t, "agent", "new")["extends"])
			},
		},
		"overwrite": {
			map[string]string{"agent differs": "update", "prompt p": "update",
				"agent refers": "unchanged", "agent equal": "unchanged", "agent new": "create",
				"defaults default": "unchanged"},
			map[string]int{"create": 1, "update": 2, "unchanged": 3},
			func(t *testing.T, c conflictingTenants) {
				require.Equal(t, c.source.Tenant,
					c.target.Spec(t, "agent", "differs")["description"])
				require.Equal(t, readBundle(t, c.bundle).Digest,
					readBundle(t, c.target.Export(t)).Digest)
			},
		},
		"rename": {
			map[string]string{"agent differs": "rename differs-2", "prompt p": "rename p-2",
				"agent refers": "rename refers-2", "agent equal": "unchanged",
				"agent new": "create", "defaults default": "unchanged"},
			map[string]int{"create": 1, "rename": 3, "unchanged": 2},
			func(t *testing.T, c conflictingTenants) {
				require.Equal(t, c.target.Tenant,
					c.target.Spec(t, "agent", "differs")["description"])
				require.Equal(t, c.source.Tenant,
					c.target.Spec(t, "agent", "differs-2")["description"])
				require.Equal(t, []any{"p"}, c.target.Spec(t, "agent", "refers")["prompts"])
				require.Equal(t, []any{"p-2"}, c.target.Spec(t, "agent", "refers-2")["prompts"])
				require.Equal(t, spec{"extends": "differs-2", "prompts": []any{"p-2"}},
					pick(c.target.Spec(t, "agent", "new"), "extends", "prompts"))
			},
		},
	}
	for strategy, want := range cases {
		t.Run(strategy, func(t *testing.T) {
			c := makeConflict(t, s)
			before := c.target.Export(t)
			planned := readReport(t,
				c.target.ImportBundle(t, c.bundle, "?dry_run=true&strategy="+strategy).
					HasStatus(t, http.StatusOK))
			require.True(t, planned.DryRun)
			require.Equal(t, string(before), string(c.target.Export(t)),
				"a dry run wrote something")
			done := readReport(t, c.target.ImportBundle(t, c.bundle, "?strategy="+strategy).
				HasStatus(t, http.StatusOK))
			require.Equal(t, want.actions, actionsOf(done))
			require.Equal(t, want.counts, done.Counts)
			require.Equal(t, planned.Items, done.Items)
			want.check(t, c)
		})
	}
}

// pick returns some fields of a spec.
func pick(spec map[string]any, fields ...string) map[string]any {
	result := map[string]any{}
	for _, f := range fields {
		result[f] = spec[f]
	}
	return result
}

func TestImportConflictListsAllConflictsAndWritesNothing(t *testing.T) {
	t.Parallel()
	c := makeConflict(t, serve(t))
	before := c.target.Export(t)
	for _, query := range []string{"", "?strategy=fail"} {
		got := c.target.ImportBundle(t, c.bundle, query)
		got.IsProblem(t, http.StatusConflict, "import_conflict")
		listed := readReport(t, got)
		require.Equal(t, map[string]int{"create": 1, "fail": 2, "unchanged": 3}, listed.Counts)
		require.Equal(t, map[string]string{"agent differs": "fail", "prompt p": "fail"},
			actionsOf(listed))
		require.Equal(t, "/labels/from", listed.Items[0].Changes[0].Path)
		require.Equal(t, "/spec/description", listed.Items[0].Changes[1].Path)
		require.Equal(t, string(before), string(c.target.Export(t)))
	}
	planned := readReport(t, c.target.ImportBundle(t, c.bundle, "?dry_run=true").
		HasStatus(t, http.StatusOK))
	require.Equal(t, map[string]int{"create": 1, "fail": 2, "unchanged": 3}, planned.Counts)
	require.Len(t, planned.Items, 6)
}

func TestChangedDefaultsConflictInImport(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.Tenant(t), s.Tenant(t)
	source.Put(t, "defaults", "default", map[string]any{"trust_effect": "allow"})
	target.Put(t, "defaults", "default", map[string]any{"note": "ours"})
	bundle := source.Export(t)
	target.ImportBundle(t, bundle, "").IsProblem(t, http.StatusConflict, "import_conflict")
	skipped := readReport(t, target.ImportBundle(t, bundle, "?strategy=rename").
		HasStatus(t, http.StatusOK))
	require.Equal(t, "skip", skipped.Items[0].Action)
	require.NotEmpty(t, skipped.Items[0].Error)
	target.ImportBundle(t, bundle, "?strategy=overwrite").HasStatus(t, http.StatusOK)
	require.Equal(t, readBundle(t, bundle).Digest, readBundle(t, target.Export(t)).Digest)
}

func TestBundleMayReferToItemsOfTheTarget(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	c.Put(t, "agent", "base", map[string]any{})
	partial := makeBundle(t, item("agent", "a", `{"extends":"z"}`),
		item("agent", "z", `{"extends":"base"}`),
		item("trigger", "t", `{"agent":"base","type":"event"}`))
	require.Equal(t, map[string]int{"create": 3},
		readReport(t, c.ImportBundle(t, partial, "").HasStatus(t, http.StatusOK)).Counts)
	require.Equal(t, "z", c.Spec(t, "agent", "a")["extends"])
}

func TestCommandLineExportsImportsAndPromotes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := makeConflict(t, s)
	dir := t.TempDir()
	out := filepath.Join(dir, "staging.json")
	from, to := c.source.Tenant, c.target.Tenant

	exported := s.Run(t, "export", "--tenant", from, "-o", out).RequireStatus(t, cli.ExitDone)
	written, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, string(c.bundle), string(written))
	require.Equal(t, out+": 6 items, "+readBundle(t, written).Digest+"\n", exported.Out)
	require.Equal(t, string(c.bundle),
		s.Run(t, "export", "--tenant", from).RequireStatus(t, cli.ExitDone).Out)

	before := c.target.Export(t)
	refused := s.Run(t, "import", out, "--tenant", to).RequireStatus(t, cli.ExitRefused)
	require.Contains(t, refused.Out, `fail agent "differs"`)
	require.Contains(t, refused.Out, `/spec/description: "`+to+`" → "`+from+`"`)
	require.Contains(t, refused.Err, "registry: import_conflict: ")
	planned := s.Run(t, "import", out, "--tenant", to, "--strategy", "rename", "--dry-run").
		RequireStatus(t, cli.ExitDone)
	require.Contains(t, planned.Out, `rename agent "differs" as "differs-2"`)
	require.Contains(t, planned.Out, "dry run: nothing was written")
	require.Equal(t, string(before), string(c.target.Export(t)))

	var listed report
	require.NoError(t, json.Unmarshal(
		[]byte(s.Run(t, "promote", from, to, "--strategy", "skip", "--json").
			RequireStatus(t, cli.ExitDone).
			Out), &listed))
	require.Equal(t, 2, listed.Counts["skip"])
	require.Contains(t, s.Run(t, "diff", from, to, "--exit-code").RequireStatus(t, cli.ExitRefused).Out,
		`agent "differs" differs`)
	s.Run(t, "promote", from, to, "--strategy", "overwrite").RequireStatus(t, cli.ExitDone)
	require.Empty(t, s.Run(t, "diff", from, to, "--exit-code").RequireStatus(t, cli.ExitDone).Out)
	require.Equal(t, readBundle(t, c.bundle).Digest, readBundle(t, c.target.Export(t)).Digest)
}

func TestPromoteListsRequiredSecrets(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.Tenant(t), s.Tenant(t)
	source.Put(t, "model_config", "gpt",
		map[string]any{"provider": "p", "model": "m", "api_key": "sk-1"})
	got := s.Run(t, "promote", source.Tenant, target.Tenant).RequireStatus(t, cli.ExitDone)
	require.Contains(t, got.Out, `model_config "gpt" needs the secret model_config/gpt/api_key`)
	require.NotContains(t, got.Out, "sk-1")

	// A renamed model_config is a new resource, with its own secret.
	other := s.Tenant(t)
	other.Put(t, "model_config", "gpt",
		map[string]any{"provider": "q", "model": "m", "api_key": "sk-2"})
	report := readReport(t, other.ImportBundle(t, source.Export(t), "?strategy=rename").
		HasStatus(t, http.StatusOK))
	require.Equal(t, []federation.SecretUse{
		{Kind: "model_config", Name: "gpt-2", Path: "/spec/api_key",
			Secret: "model_config/gpt-2/api_key"}}, report.Secrets)
	require.Equal(t, []string{"gpt", "gpt-2"},
		other.Names(t, "/api/v1/model-configs", url.Values{}))
}
