package federation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// registry returns kinds with every sort of field and reference.
func registry(t testing.TB) *federation.Kinds {
	t.Helper()
	low, high := int64(0), int64(100)
	kinds, err := federation.NewKinds(
		federation.Kind{
			Name: "trust_rule",
			Fields: []federation.Field{
				{Name: "effect", Type: federation.String, Required: true,
					Enum: []string{"allow", "deny"}},
				{Name: "priority", Type: federation.Integer, Minimum: &low, Maximum: &high},
				{Name: "serial", Type: federation.Integer},
				{Name: "weight", Type: federation.Number},
				{Name: "enabled", Type: federation.Boolean},
				{Name: "notes", Type: federation.Array},
				{Name: "extra", Type: federation.Object},
				{Name: "anything", Type: federation.Any},
			},
			References: []federation.Reference{
				{Field: "subject", Kinds: []string{"agent", "prompt"}, Required: true}},
		},
		federation.Kind{
			Name: "agent",
			Fields: []federation.Field{{Name: "description", Type: federation.String},
				{Name: "api/key", Type: federation.String}},
			References: []federation.Reference{
				{Field: "extends", Kinds: []string{"agent"}},
				{Field: "prompts", Kinds: []string{"prompt"}, Many: true},
			},
		},
		federation.Kind{Name: "prompt"},
		federation.Kind{Name: "model_config",
			Fields: []federation.Field{{Name: "api_key", Type: federation.String, Secret: true}}},
		federation.Kind{Name: "defaults", Path: "defaults", Singleton: "default"},
	)
	require.NoError(t, err)
	return kinds
}

func TestKindsAreFoundByNameAndPath(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	var names []string
	for _, kind := range kinds.All() {
		names = append(names, kind.Name)
		found, ok := kinds.Kind(kind.Name)
		assert.True(t, ok)
		assert.Equal(t, kind, found)
		found, ok = kinds.ByPath(kind.Path)
		assert.True(t, ok)
		assert.Equal(t, kind, found)
	}
	assert.Equal(t, []string{"agent", "defaults", "model_config", "prompt", "trust_rule"}, names)

	rule, _ := kinds.Kind("trust_rule")
	assert.Equal(t, "trust-rules", rule.Path)
	_, ok := kinds.Kind("agents")
	assert.False(t, ok)
	_, ok = kinds.ByPath("agent")
	assert.False(t, ok)
}

func TestKindsDoNotChangeWithTheirArguments(t *testing.T) {
	t.Parallel()
	fields := []federation.Field{{Name: "a", Type: federation.String}}
	kinds, err := federation.NewKinds(federation.Kind{Name: "x", Fields: fields})
	require.NoError(t, err)
	fields[0].Name = "b"
	kinds.All()[0] = federation.Kind{}
	assert.Equal(t, "a", kinds.All()[0].Fields[0].Name)
}

func TestNewKindsRefusesContradictionsByName(t *testing.T) {
	t.Parallel()
	one, two := int64(1), int64(2)
	field := func(f federation.Field) []federation.Kind {
		return []federation.Kind{{Name: "x", Fields: []federation.Field{f}}}
	}
	reference := func(r federation.Reference) []federation.Kind {
		return []federation.Kind{{Name: "x", References: []federation.Reference{r}}, {Name: "y"}}
	}
	tests := map[string]struct {
		kinds []federation.Kind
		names string
	}{
		"no name":               {[]federation.Kind{{}}, "Name"},
		"a name with a slash":   {[]federation.Kind{{Name: "a/b"}}, "Name"},
		"a path with a slash":   {[]federation.Kind{{Name: "a", Path: "a/b"}}, "Path"},
		"a path with a percent": {[]federation.Kind{{Name: "a", Path: "a%2f"}}, "Path"},
		"the same name":         {[]federation.Kind{{Name: "a"}, {Name: "a", Path: "b"}}, "Name"},
		"the same path":         {[]federation.Kind{{Name: "a"}, {Name: "b", Path: "as"}}, "Path"},
		"a singleton's name":    {[]federation.Kind{{Name: "a", Singleton: " "}}, "Singleton"},
		"no field name":         {field(federation.Field{Type: federation.String}), "Name"},
		"no type":               {field(federation.Field{Name: "f"}), "Type"},
		"an unknown type":       {field(federation.Field{Name: "f", Type: "date"}), "Type"},
		"an enum of integers": {
			field(federation.Field{Name: "f", Type: federation.Integer, Enum: []string{"1"}}),
			"Enum"},
		"an enum with an empty string": {
			field(federation.Field{Name: "f", Type: federation.String, Enum: []string{"a", ""}}),
			"Enum"},
		"an enum that repeats": {
			field(federation.Field{Name: "f", Type: federation.String,
				Enum: []string{"a", "b", "a"}}), "Enum"},
		"a minimum of strings": {
			field(federation.Field{Name: "f", Type: federation.String, Minimum: &one}), "Minimum"},
		"a maximum of numbers": {
			field(federation.Field{Name: "f", Type: federation.Number, Maximum: &one}), "Maximum"},
		"a minimum above the maximum": {
			field(federation.Field{Name: "f", Type: federation.Integer, Minimum: &two,
				Maximum: &one}), "Minimum"},
		"a secret number": {
			field(federation.Field{Name: "f", Type: federation.Number, Secret: true}), "Secret"},
		"a secret with an enum": {
			field(federation.Field{Name: "f", Type: federation.String, Secret: true,
				Enum: []string{"a"}}), "Secret"},
		"a secret with a slash": {
			field(federation.Field{Name: "f/g", Type: federation.String, Secret: true}), "Secret"},
		"a default of a required field": {
			field(federation.Field{Name: "f", Type: federation.Any, Required: true,
				Default: json.RawMessage(`1`)}), "Default"},
		"a default of a secret": {
			field(federation.Field{Name: "f", Type: federation.String, Secret: true,
				Default: json.RawMessage(`"x"`)}), "Default"},
		"a default of null": {
			field(federation.Field{Name: "f", Type: federation.Any,
				Default: json.RawMessage(`null`)}), "Default"},
		"a truncated default": {
			field(federation.Field{Name: "f", Type: federation.Any, Default: json.RawMessage(`[`)}),
			"Default"},
		"a default of another type": {
			field(federation.Field{Name: "f", Type: federation.String,
				Default: json.RawMessage(`1`)}), "Default"},
		"a default outside the enum": {
			field(federation.Field{Name: "f", Type: federation.String, Enum: []string{"a"},
				Default: json.RawMessage(`"b"`)}), "Default"},
		"a default too small": {
			field(federation.Field{Name: "f", Type: federation.Integer, Minimum: &one,
				Default: json.RawMessage(`0`)}), "Default"},
		"a default that is no time": {
			field(federation.Field{Name: "f", Type: federation.String, Format: federation.DateTime,
				Default: json.RawMessage(`"tomorrow"`)}), "Default must be an RFC 3339 time"},
		"a default that isn't base64": {
			field(federation.Field{Name: "f", Type: federation.String, Format: federation.Bytes,
				Default: json.RawMessage(`"?"`)}), "Default must be base64"},
		"a default that is no UUID": {
			field(federation.Field{Name: "f", Type: federation.String, Format: federation.UUID,
				Default: json.RawMessage(`"1"`)}), "Default must be a UUID"},
		"a default that names no float": {
			field(federation.Field{Name: "f", Type: federation.Number, Format: federation.Float,
				Default: json.RawMessage(`"many"`)}), "Default must be a number"},
		"an unknown format": {
			field(federation.Field{Name: "f", Type: federation.String, Format: "email"}), "Format"},
		"a reference to nothing": {reference(federation.Reference{Field: "r"}), "Kinds"},
		"an undeclared kind": {
			reference(federation.Reference{Field: "r", Kinds: []string{"z"}}), "Kinds"},
		"a kind named twice": {reference(
			federation.Reference{Field: "r", Kinds: []string{"y", "y"}}), "Kinds"},
		"many of two kinds": {reference(federation.Reference{Field: "r", Kinds: []string{"x", "y"},
			Many: true}), "Many"},
		"no reference name": {reference(federation.Reference{Kinds: []string{"y"}}), "Field"},
		"a field twice": {[]federation.Kind{{Name: "x", Fields: []federation.Field{
			{Name: "f", Type: federation.Any}, {Name: "f", Type: federation.String}}}},
			`field "f"`},
		"a field that is a reference": {
			[]federation.Kind{{Name: "x",
				Fields:     []federation.Field{{Name: "f", Type: federation.Any}},
				References: []federation.Reference{{Field: "f", Kinds: []string{"x"}}}}},
			`reference "f"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kinds, err := federation.NewKinds(tt.kinds...)
			require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err))
			assert.Contains(t, err.Error(), tt.names)
			assert.Nil(t, kinds)
		})
	}
}
