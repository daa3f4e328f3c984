package federation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// of returns an item that isn't sealed.
func of(kind, name, spec string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: json.RawMessage(spec)}
}

// rule returns a valid trust rule with further members.
func rule(members string) federation.Item {
	return of("trust_rule", "r", `{"effect":"allow","subject":{"kind":"agent","name":"a"}`+members+
		`}`)
}

func TestCheckReturnsItemSealed(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	for name, in := range map[string]federation.Item{
		"all fields": rule(`,"priority":1e2,"serial":-9007199254740992,"weight":0.5,` +
			`"enabled":false,"notes":[],"extra":{},"anything":[1]`),
		"nothing optional": rule(``),
		"unknown members":  rule(`,"x-more":{"a":null},"effect2":7`),
		"references":       of("agent", "a", `{"extends":"b","prompts":["p","q"]}`),
		"an empty array":   of("agent", "a", `{"prompts":[]}`),
		"a self-reference": of("agent", "a", `{"extends":"a","prompts":["a"]}`),
		"a secret value":   of("model_config", "m", `{"api_key":"sk-1"}`),
		"a secret reference": of("model_config", "m",
			`{"api_key":{"$secret":"model_config/m/api_key"}}`),
		"the singleton":       of("defaults", "default", `{}`),
		"a name with slashes": of("prompt", "io.github.acme/weather", `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := kinds.Check(in)
			require.NoError(t, err)
			want, err := in.Seal()
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestCheckReturnsNormalForm(t *testing.T) {
	t.Parallel()
	kinds, err := federation.NewKinds(
		federation.Kind{Name: "prompt"},
		federation.Kind{
			Name: "agent",
			Fields: []federation.Field{
				{Name: "description", Type: federation.String, Default: json.RawMessage(`""`)},
				{Name: "limits", Type: federation.Object,
					Default: json.RawMessage(` {"b": 1.0, "a": 2} `)},
				{Name: "comment", Type: federation.Any},
			},
			References: []federation.Reference{
				{Field: "extends", Kinds: []string{"agent"}},
				{Field: "prompts", Kinds: []string{"prompt"}, Many: true},
			},
		},
	)
	require.NoError(t, err)
	for in, want := range map[string]string{
		`{}`: `{"description":"","limits":{"a":2,"b":1},"prompts":[]}`,
		`{"zeta":null,"prompts":null,"description":null,"extends":null,` +
			`"alpha":1,"comment":null}`: `{"alpha":1,"description":"",` +
			`"limits":{"a":2,"b":1},"prompts":[],"zeta":null}`,
		`{"prompts":["p"],"limits":{},"description":"x"}`: `{"description":"x","limits":{},` +
			`"prompts":["p"]}`,
		`{"😀":1,"\ufb33":2}`: `{"description":"","limits":{"a":2,"b":1},"prompts":[],"😀":1,"` +
			"\ufb33" + `":2}`,
	} {
		got, err := kinds.Check(of("agent", "a", in))
		require.NoError(t, err)
		assert.Equal(t, want, string(got.Spec))
		again, err := kinds.Check(got)
		require.NoError(t, err)
		assert.Equal(t, got, again, "the normal form of a normal form is the same")
		sealed, err := got.Seal()
		require.NoError(t, err)
		assert.Equal(t, sealed, got)
	}
}

func TestCheckRefusesInvalidItem(t *testing.T) {
	t.Parallel()
	kinds := registry(t)
	labelled := func(labels map[string]string) federation.Item {
		item := of("prompt", "p", `{}`)
		item.Labels = labels
		return item
	}
	many := map[string]string{}
	for i := range 65 {
		many[fmt.Sprint(i)] = ""
	}
	tests := map[string]struct {
		item federation.Item
		code tenancy.Code
		path string
	}{
		"an unknown kind":         {of("robot", "r", `{}`), tenancy.CodeNotFound, "/kind"},
		"no name":                 {of("agent", "", `{}`), tenancy.CodeInvalid, "/name"},
		"a name with a line feed": {of("agent", "a\nb", `{}`), tenancy.CodeInvalid, "/name"},
		"a name in Latin-1":       {of("agent", "\xe9", `{}`), tenancy.CodeInvalid, "/name"},
		"a second singleton": {of("defaults", "other", `{}`), tenancy.CodeInvalid,
			"/name"},
		"a label without key": {labelled(map[string]string{"": "x"}), tenancy.CodeInvalid,
			"/labels/"},
		"a label with a NUL": {labelled(map[string]string{"a~b": "\x00"}),
			tenancy.CodeInvalid, "/labels/a~0b"},
		"a label's key with a tab": {labelled(map[string]string{"\t": ""}), tenancy.CodeInvalid,
			"/labels/\t"},
		"a label in Latin-1": {labelled(map[string]string{"a": "\xe9"}),
			tenancy.CodeInvalid, "/labels/a"},
		"65 labels":           {labelled(many), tenancy.CodeInvalid, "/labels"},
		"no spec":             {of("agent", "a", ``), tenancy.CodeInvalid, "/spec"},
		"a spec that is text": {of("agent", "a", `"x"`), tenancy.CodeInvalid, "/spec"},
		"a duplicate member": {of("agent", "a", `{"x":1,"x":1}`), tenancy.CodeInvalidJSON,
			"/spec/x"},
		"NUL": {of("agent", "a", `{"description":"\u0000"}`),
			tenancy.CodeInvalidJSON, "/spec/description"},
		"an inexact number": {of("agent", "a", `{"x":[12345678901234567890]}`),
			tenancy.CodeInexactNumber, "/spec/x/0"},
		"a missing field": {
			of("trust_rule", "r", `{"subject":{"kind":"agent","name":"a"}}`), tenancy.CodeInvalid,
			"/spec/effect"},
		"a required field null": {
			of("trust_rule", "r", `{"effect":null,"subject":{"kind":"agent","name":"a"}}`),
			tenancy.CodeInvalid, "/spec/effect"},
		"a missing reference": {of("trust_rule", "r", `{"effect":"allow"}`),
			tenancy.CodeInvalid, "/spec/subject"},
		"a required reference null": {of("trust_rule", "r", `{"effect":"allow","subject":null}`),
			tenancy.CodeInvalid, "/spec/subject"},
		"a value outside the enum": {
			of("trust_rule", "r", `{"effect":"Allow","subject":{"kind":"agent","name":"a"}}`),
			tenancy.CodeInvalid, "/spec/effect"},
		"text for an integer": {rule(`,"priority":"1"`), tenancy.CodeInvalid,
			"/spec/priority"},
		"a fraction for an integer": {rule(`,"priority":1.5`), tenancy.CodeInvalid,
			"/spec/priority"},
		"an integer too small": {rule(`,"priority":-1`), tenancy.CodeInvalid,
			"/spec/priority"},
		"an integer too large": {rule(`,"priority":101`), tenancy.CodeInvalid,
			"/spec/priority"},
		"an integer beyond 64 bits": {rule(`,"serial":9223372036854776000`), tenancy.CodeInvalid,
			"/spec/serial"},
		"an integer far beyond 64 bits": {rule(`,"serial":1e300`), tenancy.CodeInvalid,
			"/spec/serial"},
		"text for a number": {rule(`,"weight":"1"`), tenancy.CodeInvalid,
			"/spec/weight"},
		"a number for a boolean": {rule(`,"enabled":0`), tenancy.CodeInvalid,
			"/spec/enabled"},
		"an object for an array": {rule(`,"notes":{}`), tenancy.CodeInvalid, "/spec/notes"},
		"an array for an object": {rule(`,"extra":[]`), tenancy.CodeInvalid, "/spec/extra"},
		"a number for text": {of("agent", "a", `{"api/key":1}`), tenancy.CodeInvalid,
			"/spec/api~1key"},
		"an empty reference": {of("agent", "a", `{"extends":""}`), tenancy.CodeInvalid,
			"/spec/extends"},
		"a reference with a space": {of("agent", "a", `{"extends":"b "}`), tenancy.CodeInvalid,
			"/spec/extends"},
		"a reference as an object": {
			of("agent", "a", `{"extends":{"kind":"agent","name":"b"}}`), tenancy.CodeInvalid,
			"/spec/extends"},
		"a name for an array of names": {of("agent", "a", `{"prompts":"p"}`), tenancy.CodeInvalid,
			"/spec/prompts"},
		"null in an array of names": {of("agent", "a", `{"prompts":["p",null]}`),
			tenancy.CodeInvalid, "/spec/prompts/1"},
		"a repeated name": {of("agent", "a", `{"prompts":["p","q","\u0070"]}`),
			tenancy.CodeInvalid, "/spec/prompts/2"},
		"a subject as text": {of("trust_rule", "r", `{"effect":"deny","subject":"a"}`),
			tenancy.CodeInvalid, "/spec/subject"},
		"a subject of a third kind": {
			of("trust_rule", "r", `{"effect":"deny","subject":{"kind":"defaults","name":"a"}}`),
			tenancy.CodeInvalid, "/spec/subject/kind"},
		"a subject without name": {
			of("trust_rule", "r", `{"effect":"deny","subject":{"kind":"agent"}}`),
			tenancy.CodeInvalid, "/spec/subject"},
		"a subject with another member": {
			of("trust_rule", "r", `{"effect":"deny","subject":{"kind":"agent","name":"a","x":1}}`),
			tenancy.CodeInvalid, "/spec/subject"},
		"a subject with an empty name": {
			of("trust_rule", "r", `{"effect":"deny","subject":{"kind":"agent","name":""}}`),
			tenancy.CodeInvalid, "/spec/subject/name"},
		"an empty secret": {of("model_config", "m", `{"api_key":""}`), tenancy.CodeInvalid,
			"/spec/api_key"},
		"a number for a secret": {of("model_config", "m", `{"api_key":1}`), tenancy.CodeInvalid,
			"/spec/api_key"},
		"a secret reference with another member": {
			of("model_config", "m", `{"api_key":{"$secret":"a","b":1}}`),
			tenancy.CodeInvalid, "/spec/api_key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := kinds.Check(tt.item)
			require.Equal(t, tt.code, tenancy.CodeOf(err), "%v", err)
			details := detailsOf(t, err)
			require.Len(t, details, 1)
			assert.Equal(t, tt.path, details[0].Path)
			assert.NotContains(t, details[0].Detail, "sk-", "an error must not reveal a secret")
			assert.Zero(t, got)
		})
	}
}

func TestCheckNamesAtMost100Problems(t *testing.T) {
	t.Parallel()
	item := of("trust_rule", " ", `{"effect":"maybe","priority":-1,"notes":1}`)
	item.Labels = map[string]string{"": ""}
	_, err := registry(t).Check(item)
	var paths []string
	for _, d := range detailsOf(t, err) {
		paths = append(paths, d.Path)
		assert.Equal(t, tenancy.CodeInvalid, d.Code)
	}
	assert.Equal(t, []string{"/name", "/labels/", "/spec/effect", "/spec/notes", "/spec/priority",
		"/spec/subject"}, paths)

	_, err = registry(t).Check(of("agent", "a", `{"prompts":[`+strings.Repeat(`"",`, 500)+`""]}`))
	assert.Len(t, detailsOf(t, err), 100)
}

func TestCheckNormalizesNames(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	kinds, err := federation.NewKinds(
		federation.Kind{Name: "prompt"},
		federation.Kind{Name: "agent",
			Fields: []federation.Field{
				{Name: "api_key", Type: federation.String, Secret: true}},
			References: []federation.Reference{
				{Field: "prompts", Kinds: []string{"prompt"}, Many: true},
				{Field: "extends", Kinds: []string{"agent"}},
				{Field: "subject", Kinds: []string{"agent", "prompt"}},
			}})
	if err != nil {
		t.Fatal(err)
	}
	item := func(name string) federation.Item {
		return federation.Item{Ref: federation.Ref{Kind: "agent", Name: name},
			Labels: map[string]string{name: "x"},
			Spec: json.RawMessage(`{"api_key":{"$secret":"` + name + `"},"extends":"` + name +
				`","prompts":["a","` + name + `"],"subject":{"kind":"prompt","name":"` + name +
				`"},"text":"` + decomposed + `"}`)}
	}
	want, err := kinds.Check(item(composed))
	if err != nil {
		t.Fatal(err)
	}
	got, err := kinds.Check(item(decomposed))
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != composed || got.Digest != want.Digest {
		t.Errorf("Check of decomposed names = %q, %s; want %q, %s", got.Name, got.Spec, composed,
			want.Spec)
	}
	twins := item("a")
	twins.Labels = map[string]string{composed: "1", decomposed: "2"}
	twins.Spec = json.RawMessage(`{"prompts":["` + composed + `","` + decomposed + `"]}`)
	_, err = kinds.Check(twins)
	e, ok := errors.AsType[*tenancy.Error](err)
	if !ok || len(e.Details) != 2 {
		t.Errorf("Check of twins = %v; want both places", err)
	}
}
