package federation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func same(ref federation.Ref) federation.Ref { return ref }

func TestTargetsReturnsEveryReferenceInOrder(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	got, err := kinds.Targets(seal(t, "agent", "a",
		`{"prompts":["p","a"],"extends":"b","other":"c","description":null}`, nil))
	require.NoError(t, err)
	assert.Equal(t, []federation.Target{
		{Path: "/spec/extends", Ref: federation.Ref{Kind: "agent", Name: "b"}},
		{Path: "/spec/prompts/0", Ref: federation.Ref{Kind: "prompt", Name: "p"}},
		{Path: "/spec/prompts/1", Ref: federation.Ref{Kind: "prompt", Name: "a"}},
	}, got)

	got, err = kinds.Targets(seal(t, "trust_rule", "r", `{"subject":{"name":"p","kind":"prompt"}}`,
		nil))
	require.NoError(t, err)
	assert.Equal(t, []federation.Target{
		{Path: "/spec/subject", Ref: federation.Ref{Kind: "prompt", Name: "p"}}}, got)

	got, err = kinds.Targets(seal(t, "agent", "a", `{"extends":null}`, nil))
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestTargetsRefusesInvalidItem(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	_, err := kinds.Targets(seal(t, "agent", "a", `{"prompts":"p"}`, nil))
	assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err))
	_, err = kinds.Targets(seal(t, "robot", "a", `{}`, nil))
	assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err))
	for _, spec := range []string{``, `[]`, `{"prompts":[`, `{"x"`} {
		_, err = kinds.Targets(of("agent", "a", spec))
		assert.Error(t, err, spec)
		_, err = kinds.Rewrite(of("agent", "a", spec), same)
		assert.Error(t, err, spec)
	}
}

func TestRewriteRenamesEveryReference(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	rename := func(ref federation.Ref) federation.Ref {
		if ref.Name == "x" {
			ref.Name = ref.Kind + `-"2"`
		}
		return ref
	}
	for in, want := range map[string]string{
		`{"extends":"x","prompts":["a","x"],"other":"x"}`: `{"extends":"agent-\"2\"",` +
			`"prompts":["a","prompt-\"2\""],"other":"x"}`,
		`{"extends":"a","zeta":1.0}`:    `{"extends":"a","zeta":1}`,
		`{"extends":null,"prompts":[]}`: `{"extends":null,"prompts":[]}`,
	} {
		got, err := kinds.Rewrite(seal(t, "agent", "x", in, nil), rename)
		require.NoError(t, err)
		assert.Equal(t, seal(t, "agent", "x", want, nil), got)
	}
	got, err := kinds.Rewrite(
		seal(t, "trust_rule", "r", `{"subject":{"kind":"prompt","name":"x"},"a":{}}`, nil), rename)
	require.NoError(t, err)
	assert.Equal(t, seal(t, "trust_rule", "r",
		`{"a":{},"subject":{"kind":"prompt","name":"prompt-\"2\""}}`, nil).Digest, got.Digest)
}

func TestRewriteRefusesInvalidNewNames(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	agent := seal(t, "agent", "a", `{"extends":"b","prompts":["p","q"]}`, nil)
	for name, rename := range map[string]func(federation.Ref) federation.Ref{
		"another kind": func(ref federation.Ref) federation.Ref {
			return federation.Ref{Kind: "defaults", Name: ref.Name}
		},
		"an empty name": func(ref federation.Ref) federation.Ref {
			return federation.Ref{Kind: ref.Kind}
		},
		"one name twice": func(ref federation.Ref) federation.Ref {
			return federation.Ref{Kind: ref.Kind, Name: "one"}
		},
	} {
		_, err := kinds.Rewrite(agent, rename)
		assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), name)
	}
	_, err := kinds.Rewrite(seal(t, "robot", "a", `{}`, nil), same)
	assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err))
}

func TestRewriteWithTheSameNamesChangesNothing(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	rapid.Check(t, func(rt *rapid.T) {
		item := agentGen().Draw(rt, "agent")
		got, err := kinds.Rewrite(item, same)
		require.NoError(rt, err)
		require.Equal(rt, item, got)
	})
}

func TestRewriteForthAndBackChangesNothing(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	rapid.Check(t, func(rt *rapid.T) {
		item := agentGen().Draw(rt, "agent")
		renamed, err := kinds.Rewrite(item,
			func(r federation.Ref) federation.Ref { r.Name = "z" + r.Name; return r })
		require.NoError(rt, err)
		back, err := kinds.Rewrite(renamed,
			func(r federation.Ref) federation.Ref { r.Name = r.Name[1:]; return r })
		require.NoError(rt, err)
		require.Equal(rt, item, back)

		before, err := kinds.Targets(item)
		require.NoError(rt, err)
		after, err := kinds.Targets(renamed)
		require.NoError(rt, err)
		require.Equal(rt, len(before), len(after))
		for i := range before {
			require.Equal(rt, "z"+before[i].Ref.Name, after[i].Ref.Name)
		}
	})
}
