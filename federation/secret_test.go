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

func TestExtractSecretsReplacesLiteralValues(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	checked, err := kinds.Check(of("model_config", "gpt", `{"api_key":"<sk-1>","model":"m"}`))
	require.NoError(t, err)
	extracted, values, err := kinds.ExtractSecrets(checked)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"model_config/gpt/api_key": "<sk-1>"}, values)
	assert.Equal(t, `{"api_key":{"$secret":"model_config/gpt/api_key"},"model":"m"}`,
		string(extracted.Spec))
	assertSealed(t, extracted)
	assert.Contains(t, string(checked.Spec), "<sk-1>", "the argument is unchanged")
}

func TestExtractSecretsReturnsItemWithoutLiteralValuesAsItIs(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	for _, item := range []federation.Item{
		of("model_config", "gpt", `{}`),
		of("model_config", "gpt", `{"api_key":null}`),
		of("model_config", "gpt", `{"api_key":{"$secret":"shared"}}`),
		of("agent", "a", `{"api_key":"no secret of this kind"}`),
	} {
		sealed, err := item.Seal()
		require.NoError(t, err)
		extracted, values, err := kinds.ExtractSecrets(sealed)
		require.NoError(t, err)
		assert.Equal(t, sealed, extracted)
		assert.Empty(t, values)
	}
}

// One text and one code say what a secret may be, and neither repeats the value.
func TestInvalidSecretHasOneError(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	for _, value := range []string{`""`, `1`, `["sk-1"]`, `{"$secret":"sk-1","b":1}`,
		`{"$secret":" sk-1"}`} {
		item := of("model_config", "gpt", `{"api_key":`+value+`}`)
		_, want := kinds.Check(item)
		sealed, err := item.Seal()
		require.NoError(t, err)
		_, _, got := kinds.ExtractSecrets(sealed)
		assert.Equal(t, want, got, value)
		assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(got), value)
		assert.NotContains(t, got.Error(), "sk-1")
	}
}

func TestSecretsOfUndeclaredKindAreNotFound(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	item := of("ship", "titanic", `{}`)
	_, _, err := kinds.ExtractSecrets(item)
	assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err))
	_, err = kinds.SecretUses(item)
	assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err))
	_, err = kinds.RenameItem(item, "olympic")
	assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err))
	assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(kinds.RefuseSecretValues(item)))
}

func TestRefuseSecretValuesRefusesEverythingButReferences(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	for value, refused := range map[string]bool{
		`"sk-1"`: true, `1`: true, `{"$secret":"a","b":1}`: true,
		`null`: false, `{"$secret":"a"}`: false,
	} {
		sealed, err := of("model_config", "gpt", `{"api_key":`+value+`}`).Seal()
		require.NoError(t, err)
		err = kinds.RefuseSecretValues(sealed)
		if !refused {
			assert.NoError(t, err, value)
			continue
		}
		assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), value)
		assert.Equal(t, "/spec/api_key", detailsOf(t, err)[0].Path)
		assert.NotContains(t, err.Error(), "sk-1")
	}
}

func TestSecretUsesAreReferencesOnly(t *testing.T) {
	t.Parallel()
	kinds := secretKinds(t)
	sealed, err := of("k", "n", `{"c":{"$secret":"x"},"a/b":"no secret","b":"v",`+
		`"a":{"$secret":"y"},"d":null}`).Seal()
	require.NoError(t, err)
	uses, err := kinds.SecretUses(sealed)
	require.NoError(t, err)
	assert.Equal(t, []federation.SecretUse{
		{Kind: "k", Name: "n", Path: "/spec/a", Secret: "y"},
		{Kind: "k", Name: "n", Path: "/spec/c", Secret: "x"},
	}, uses)
}

func TestRenamedItemHasSecretsOfItsNewName(t *testing.T) {
	t.Parallel()
	kinds := secretKinds(t)
	sealed, err := of("k", "n", `{"a":{"$secret":"k/n/a"},"b":{"$secret":"shared"},`+
		`"c":{"$secret":"k/n/a"}}`).Seal()
	require.NoError(t, err)
	renamed, err := kinds.RenameItem(sealed, "m")
	require.NoError(t, err)
	assert.Equal(t, "m", renamed.Name)
	assert.Equal(t, `{"a":{"$secret":"k/m/a"},"b":{"$secret":"shared"},`+
		`"c":{"$secret":"k/m/a"}}`, string(renamed.Spec))
	assertSealed(t, renamed)
}

// No literal value remains after an extraction, and a second one changes nothing.
func TestExtractSecretsIsIdempotent(t *testing.T) {
	t.Parallel()
	kinds := secretKinds(t)
	rapid.Check(t, func(t *rapid.T) {
		item := secretItemGen().Draw(t, "item")
		checked, err := kinds.Check(item)
		require.NoError(t, err)
		extracted, values, err := kinds.ExtractSecrets(checked)
		require.NoError(t, err)
		require.NoError(t, kinds.RefuseSecretValues(extracted))
		assertSealed(t, extracted)
		valid, err := kinds.Check(extracted)
		require.NoError(t, err)
		require.Equal(t, extracted, valid)

		again, none, err := kinds.ExtractSecrets(extracted)
		require.NoError(t, err)
		require.Equal(t, extracted, again)
		require.Empty(t, none)

		restored := map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(extracted.Spec, &restored))
		for field, value := range restored {
			name, _ := federation.ParseSecretRef(value)
			if literal, ok := values[name]; ok && name == federation.SecretName(checked.Ref, field) {
				restored[field], err = json.Marshal(literal)
				require.NoError(t, err)
			}
		}
		raw, err := json.Marshal(restored)
		require.NoError(t, err)
		require.JSONEq(t, string(checked.Spec), string(raw), "nothing else has changed")
	})
}

// secretKinds returns a kind with the secrets a, b, c and d.
func secretKinds(t *testing.T) *federation.Kinds {
	t.Helper()
	kind := federation.Kind{Name: "k"}
	for _, name := range []string{"d", "b", "a", "c"} {
		kind.Fields = append(kind.Fields,
			federation.Field{Name: name, Type: federation.String, Secret: true})
	}
	kinds, err := federation.NewKinds(kind)
	require.NoError(t, err)
	return kinds
}

// secretItemGen generates items of secretKinds whose secrets are literal values,
// references, null or absent.
func secretItemGen() *rapid.Generator[federation.Item] {
	name := rapid.String().Filter(func(s string) bool { return tenancy.CheckName(s) == nil })
	text := rapid.String().
		Filter(func(s string) bool { return s != "" && !strings.Contains(s, "\x00") })
	secret := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(name, func(s string) any { return federation.SecretRef(s) }))
	return rapid.Custom(func(t *rapid.T) federation.Item {
		spec := map[string]any{"other": text.Draw(t, "other")}
		for _, field := range []string{"a", "b", "c", "d"} {
			if rapid.Bool().Draw(t, field+" is set") {
				spec[field] = secret.Draw(t, field)
			}
		}
		raw, err := json.Marshal(spec)
		require.NoError(t, err)
		return of("k", name.Draw(t, "name"), string(raw))
	})
}

func assertSealed(t require.TestingT, item federation.Item) {
	sealed, err := item.Seal()
	require.NoError(t, err)
	require.Equal(t, sealed, item)
}
