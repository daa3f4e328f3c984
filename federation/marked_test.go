package federation_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
)

// servers has one kind whose specs mark their secrets.
func servers(t *testing.T) *federation.Kinds {
	t.Helper()
	kinds, err := federation.NewKinds(federation.Kind{Name: "server",
		MarkedSecrets: []federation.MarkedSecret{
			{Marker: "isSecret", Members: []string{"value", "default", "choices"}}}})
	require.NoError(t, err)
	return kinds
}

func sealed(t *testing.T, kinds *federation.Kinds, name, spec string) federation.Item {
	t.Helper()
	item, err := kinds.Check(federation.Item{Ref: federation.Ref{Kind: "server", Name: name},
		Spec: json.RawMessage(spec)})
	require.NoError(t, err)
	return item
}

func TestMarkedValuesAreExtracted(t *testing.T) {
	t.Parallel()
	kinds := servers(t)
	for spec, want := range map[string][]string{
		`{"remotes":[{"headers":[{"name":"k","value":"s1","isSecret":true}]}]}`: {"s1"},
		`{"remotes":[{"headers":[{"isSecret":true,"default":"s1","value":"s2"}]}]}`: {
			"s1", "s2"},
		`{"packages":[{"environmentVariables":[{"isSecret":true,"value":"s1"}]}]}`: {"s1"},
		`{"a":{"variables":{"t":{"isSecret":true,"value":"s1"}},"value":"open"}}`:  {"s1"},
		`{"a":{"isSecret":true,"value":["s1",{"b":"s2"},""],"choices":["s3"]}}`: {
			"s1", "s2", "s3"},
		`{"a":{"isSecret":true,"value":1234,"default":true}}`:        {"1234", "true"},
		`{"isSecret":true,"value":"s1"}`:                             {"s1"},
		`{"a":{"isSecret":"true","value":"s1"}}`:                     {"s1"},
		`{"a":{"isSecret":1,"value":"s1"}}`:                          {"s1"},
		`{"a":{"isSecret":true,"value":{"$secret":"x","y":"s1"}}}`:   {"s1", "x"},
		`{"a":{"isSecret":false,"value":"open"}}`:                    nil,
		`{"a":{"isSecret":null,"value":"open"}}`:                     nil,
		`{"a":{"isSecret":true,"value":"","default":null}}`:          nil,
		`{"a":{"isSecret":true,"value":{"$secret":"shared/token"}}}`: nil,
		`{"a":{"value":"isSecret"}}`:                                 nil,
	} {
		item, values, err := kinds.ExtractSecrets(sealed(t, kinds, "a/b", spec))
		require.NoError(t, err, spec)
		require.Equal(t, want, slices.Sorted(maps.Values(values)), spec)
		for _, value := range want {
			require.NotContains(t, string(item.Spec), `:"`+value+`"`, spec)
		}
		again, none, err := kinds.ExtractSecrets(item)
		require.NoError(t, err)
		require.Empty(t, none)
		require.Equal(t, item, again)
		require.NoError(t, kinds.RefuseSecretValues(item))
		uses, err := kinds.SecretUses(item)
		require.NoError(t, err)
		for _, use := range uses {
			require.NotContains(t, string(item.Spec), "hidden")
			if value, ok := values[use.Secret]; ok {
				require.Contains(t, want, value)
			}
		}
	}
}

// The element that moved keeps its secret, and the new one gets another name.
func TestElementThatMovesKeepsItsSecret(t *testing.T) {
	t.Parallel()
	kinds := servers(t)
	header := func(value string) string { return `{"isSecret":true,"value":` + value + `}` }
	first, _, err := kinds.ExtractSecrets(sealed(t, kinds, "s",
		`{"h":[`+header(`"a"`)+`,`+header(`"b"`)+`]}`))
	require.NoError(t, err)
	uses, err := kinds.SecretUses(first)
	require.NoError(t, err)
	require.Equal(t, []string{"server/s/h.0.value", "server/s/h.1.value"},
		[]string{uses[0].Secret, uses[1].Secret})

	moved := `{"h":[` + header(`{"$secret":"server/s/h.1.value"}`) + `,` + header(`"c"`) + `]}`
	second, values, err := kinds.ExtractSecrets(sealed(t, kinds, "s", moved))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"server/s/h.1.value#2": "c"}, values)
	renamed, err := kinds.RenameItem(second, "t")
	require.NoError(t, err)
	require.Contains(t, string(renamed.Spec), `"server/t/h.1.value"`)
	require.Contains(t, string(renamed.Spec), `"server/t/h.1.value#2"`)
	require.NotContains(t, string(renamed.Spec), "server/s/")
}

func TestBundleWithMarkedValueIsRefused(t *testing.T) {
	t.Parallel()
	kinds := servers(t)
	err := kinds.RefuseSecretValues(sealed(t, kinds, "s",
		`{"h":[{"isSecret":true,"value":"hunter2"}]}`))
	require.ErrorContains(t, err, "/spec/h/0/value")
	require.NotContains(t, err.Error(), "hunter2")
}
