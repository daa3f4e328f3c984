package federation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestSecretNameIsValidAndUnique(t *testing.T) {
	t.Parallel()
	ref := federation.Ref{Kind: "model_config", Name: "gpt"}
	assert.Equal(t, "model_config/gpt/api_key", federation.SecretName(ref, "api_key"))

	long := federation.SecretName(
		federation.Ref{Kind: "model_config", Name: strings.Repeat("ä", 256)}, "api_key")
	require.NoError(t, tenancy.CheckName(long), "a vault must accept the name")
	assert.True(t, strings.HasPrefix(long, "sha256:"), "no kind has a colon in its name")
	assert.NotEqual(t, long,
		federation.SecretName(federation.Ref{Kind: "model_config",
			Name: strings.Repeat("ä", 255) + "b"}, "api_key"))
}

func TestParseSecretRefReadsSecretRef(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `{"$secret":"a/b"}`, string(federation.SecretRef("a/b")))
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Filter(func(s string) bool { return tenancy.CheckName(s) == nil }).
			Draw(t, "name")
		ref := federation.SecretRef(name)
		canonical, err := federation.Canonical(ref)
		require.NoError(t, err)
		require.Equal(t, string(canonical), string(ref))
		got, ok := federation.ParseSecretRef(ref)
		require.True(t, ok)
		require.Equal(t, name, got)
	})
}

func TestParseSecretRefRefusesOtherValues(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, `null`, `"a"`, `{}`, `[]`, `{"$secret":1}`, `{"$secret":null}`, `{"$secret":""}`,
		`{"$secret":" a"}`, `{"$secret":"\u0000"}`,
		`{"$secret":"a","b":1}`, `{"b":"a"}`, `{"$Secret":"a"}`, `{"$secret":{"$secret":"a"}}`,
		`["$secret","a"]`, `{"$secret":"a"`,
		`{"$secret":"a","$secret":"b"}`,
	} {
		_, ok := federation.ParseSecretRef(json.RawMessage(raw))
		assert.False(t, ok, raw)
	}
}
