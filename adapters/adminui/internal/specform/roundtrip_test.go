package specform_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

// everyField is a kind with every sort of field and reference.
func everyField(t testing.TB) (*federation.Kinds, federation.Kind) {
	t.Helper()
	low := int64(-10)
	kinds, err := federation.NewKinds(
		federation.Kind{Name: "thing", Fields: []federation.Field{
			{Name: "text", Type: federation.String},
			{Name: "description", Type: federation.String, Required: true},
			{Name: "a b/c.d", Type: federation.String},
			{Name: "effect", Type: federation.String, Enum: []string{"allow", "deny"}},
			{Name: "count", Type: federation.Integer, Minimum: &low},
			{Name: "weight", Type: federation.Number},
			{Name: "ratio", Type: federation.Number, Format: federation.Float},
			{Name: "enabled", Type: federation.Boolean},
			{Name: "on", Type: federation.Boolean, Default: json.RawMessage(`true`)},
			{Name: "list", Type: federation.Array},
			{Name: "map", Type: federation.Object},
			{Name: "any", Type: federation.Any},
			{Name: "key", Type: federation.String, Secret: true},
		}, References: []federation.Reference{
			{Field: "one", Kinds: []string{"thing"}},
			{Field: "two", Kinds: []string{"thing", "other"}},
			{Field: "many", Kinds: []string{"other"}, Many: true},
		}, MarkedSecrets: []federation.MarkedSecret{{Marker: "isSecret", Members: []string{"value"}}}},
		federation.Kind{Name: "other"},
	)
	require.NoError(t, err)
	kind, _ := kinds.Kind("thing")
	return kinds, kind
}

func writer(t testing.TB) specform.Writer {
	kinds, kind := everyField(t)
	return specform.Writer{Kinds: kinds, Kind: kind, Paths: specform.Paths{
		Proposals: func(path string) string { return "/pick/" + path },
		List:      func(path string) view.Link { return view.Link{Text: path, Href: "/" + path} }}}
}

// sent returns what a browser sends of a sheet that no one touched. It changes values as
// browsers do (HTML, sections 4.10.5.1 and 4.10.11).
func sent(s specform.Sheet) url.Values {
	form := url.Values{}
	for _, h := range s.Hidden {
		form.Set(h.Name, h.Value)
	}
	for _, f := range s.Fields {
		value := f.Value
		switch {
		case f.Type == view.CheckField && !f.Checked:
			continue
		case f.Type == view.CheckField:
			value = "true"
		case f.Type == view.SelectField:
			value = ""
			for _, o := range f.Options {
				if o.Selected {
					value = o.Value
				}
			}
		case f.Type == view.AreaField, f.Type == view.CodeField, f.Many:
			value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n")
			value = strings.ReplaceAll(value, "\n", "\r\n")
		default:
			value = strings.NewReplacer("\r", "", "\n", "").Replace(value)
		}
		form.Set(f.Name, value)
	}
	return form
}

// requireRoundTrip requires that a form which is sent as it was has the spec, also after it
// was shown again with what was typed.
func requireRoundTrip(t require.TestingT, w specform.Writer, spec string) {
	canonical, err := federation.Canonical([]byte(spec))
	require.NoError(t, err, spec)
	form := sent(w.FromSpec(canonical))
	for range 2 {
		read, wrong := specform.Read(w.Kinds, w.Kind, form)
		require.Empty(t, wrong)
		require.Equal(t, string(canonical), string(read))
		form = sent(w.FromForm(form))
	}
}

func TestUnchangedFormGivesTheSameSpec(t *testing.T) {
	t.Parallel()
	w := writer(t)
	for _, spec := range []string{
		`{}`,
		`{"text":"","description":"","a b/c.d":"x","effect":"allow","count":5,"weight":0.1,"ratio":"NaN",
		"enabled":false,"on":false,"list":[],"map":{},"any":null,"key":{"$secret":"thing/x/key"},
		"one":"a","two":{"kind":"other","name":"b"},"many":["c","d"],"rest":1}`,
		`{"text":null,"description":null,"effect":null,"count":null,"weight":null,"enabled":null,
		"on":null,"list":null,"map":null,"one":null,"two":null,"many":null,"rest":null}`,
		`{"text":1,"description":[],"effect":"other","count":"5","weight":"NaN","ratio":"x",
		"enabled":"yes","on":0,"list":"x","map":[1],"one":["a"],"two":"b","many":"c"}`,
		`{"text":"a\r\nb","description":"\n\n a\r \t","a b/c.d":" a ","effect":"","any":"\u2028\u0085\ufeff"}`,
		`{"text":"<script>alert(1)</script>\"'&{{.}}","one":" a","many":["a\nb"," ","c"]}`,
		`{"many":["",""],"two":{"kind":"third","name":"x"},"one":""}`,
		`{"two":{"kind":"thing","name":"x","more":1},"many":["a",1]}`,
		`{"count":1e20,"weight":-1e-7,"x":[9007199254740992,1e21,0.30000000000000004]}`,
		`{"":{"":""},".":1,"text.":2,"other":3,"😀":"😀","\ufb33":1}`,
		`{"many":[],"any":{"isSecret":true,"value":{"$secret":"thing/x/any.value"}}}`,
		`{"deep":` + strings.Repeat(`[{"a":`, 45) + `1` + strings.Repeat(`}]`, 45) + `}`,
		`{"text":"  ","description":"` + strings.Repeat("long ", 100) + `"}`,
	} {
		requireRoundTrip(t, w, spec)
	}
}

func TestAnyUnchangedFormGivesTheSameSpec(t *testing.T) {
	t.Parallel()
	w := writer(t)
	names := []string{"text", "description", "a b/c.d", "effect", "count", "weight", "ratio", "enabled",
		"on", "list", "map", "any", "one", "two", "many", "rest", "", "kind", "name"}
	rapid.Check(t, func(t *rapid.T) {
		members := map[string]any{}
		for range rapid.IntRange(0, 8).Draw(t, "members") {
			members[rapid.SampledFrom(names).Draw(t, "member")] = anyValue(t, 3)
		}
		spec, err := json.Marshal(members)
		require.NoError(t, err)
		requireRoundTrip(t, w, string(spec))
	})
}

// anyValue draws a JSON value.
func anyValue(t *rapid.T, depth int) any {
	texts := rapid.OneOf(rapid.SampledFrom([]string{"", "allow", "thing", "other", " ", "a\r\nb", "\n",
		"NaN", "true", "null", "{}"}), rapid.StringN(0, 12, 40))
	noNull := texts.Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
	switch n := rapid.IntRange(0, 6).Draw(t, "type"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(t, "bool")
	case n == 2:
		return rapid.Int32().Draw(t, "number")
	case n == 3 && depth > 0:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, anyValue(t, depth-1))
		}
		return list
	case n == 4 && depth > 0:
		return map[string]any{"kind": anyValue(t, depth-1), "name": anyValue(t, depth-1)}
	}
	return noNull.Draw(t, "text")
}

// read reads a form of the kind with every field.
func read(t *testing.T, form url.Values) (string, map[string]string) {
	t.Helper()
	kinds, kind := everyField(t)
	spec, wrong := specform.Read(kinds, kind, form)
	return string(spec), wrong
}

func TestTypedValuesGiveTheirJSON(t *testing.T) {
	t.Parallel()
	spec, wrong := read(t, url.Values{"text.text": {"a\r\nb"}, "number.count": {"007"},
		"bool.enabled": {"true"}, "names.many": {" a \r\n\r\nb"}, "name.two": {"x"},
		"kind.two": {"others"}, "json.list": {"[1, 2]"}, "other": {`{"z": 1}`},
		"number.ratio": {"Infinity"}, "secret.key": {" secret "}, "keep.key": {`{"$secret":"k"}`},
		"keep.on": {"false"}, "name.one": {" "}})
	require.Equal(t, map[string]string{"number.count": "Must be a number, such as 10 or 0.5."}, wrong)
	require.JSONEq(t, `{"text":"a\nb","enabled":true,"many":["a","b"],"two":{"kind":"other","name":"x"},
		"list":[1,2],"z":1,"ratio":"Infinity","key":" secret ","on":false}`, spec)
}

func TestWrongTextIsRefusedAtItsInput(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"json.list": `[1`, "json.map": `{} {}`, "json.any": `{"a":1,"a":2}`, "number.weight": ".5",
		"bool.enabled": "maybe", "number.count": "9007199254740993", "text.text": "\xff",
		"other": `[1]`, "name.two": "\xff",
	} {
		_, wrong := read(t, url.Values{name: {text}})
		require.Contains(t, wrong, name, text)
	}
	_, wrong := read(t, url.Values{"text.text": {"a"}, "other": {`{"text":"b"}`}})
	require.Contains(t, wrong["other"], "text")
	_, wrong = read(t, url.Values{"text.\xff": {"a"}})
	require.NotEmpty(t, wrong)
}

func TestJSONCannotAddMembersAroundItsValue(t *testing.T) {
	t.Parallel()
	spec, wrong := read(t, url.Values{"json.any": {`1,"admin":true`}, "keep.text": {`"",
		"admin":true`}, "text.text": {""}})
	require.Len(t, wrong, 2)
	require.Equal(t, `{}`, spec)
}

func TestSecretsAreNotShownAgain(t *testing.T) {
	t.Parallel()
	w := writer(t)
	sheet := w.FromForm(url.Values{"secret.key": {"hunter2"}, "other": {`{"in":[{"isSecret":true,
		"value":"hunter2"}],"kept":{"$secret":"old"}}`},
		"json.any": {`{"isSecret":"yes","value":["hunter2"]}`}})
	text, err := json.Marshal(sheet)
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	require.Contains(t, string(text), "$secret")
	require.True(t, specform.HasSecret(w.Kind, url.Values{"secret.key": {"x"}}))
	require.True(t, specform.HasSecret(w.Kind, url.Values{"other": {`{"isSecret"`}}))
	require.False(t, specform.HasSecret(w.Kind, url.Values{"secret.key": {""}, "text.text": {"x"}}))
}

func TestStoredSecretIsKeptReplacedOrRemoved(t *testing.T) {
	t.Parallel()
	stored := `{"$secret":"thing/x/key"}`
	form := sent(writer(t).FromSpec(json.RawMessage(`{"key":` + stored + `}`)))
	spec, _ := read(t, form)
	require.JSONEq(t, `{"key":`+stored+`}`, spec)
	form.Set("unset.key", "true")
	spec, _ = read(t, form)
	require.JSONEq(t, `{}`, spec)
	form.Set("secret.key", "new")
	spec, _ = read(t, form)
	require.JSONEq(t, `{"key":"new"}`, spec)
}

func TestClearedTextIsAbsent(t *testing.T) {
	t.Parallel()
	form := sent(writer(t).FromSpec(json.RawMessage(`{"text":"a","any":1,"many":["x"]}`)))
	for _, name := range []string{"text.text", "json.any", "names.many"} {
		require.NotEmpty(t, form.Get(name), name)
		form.Set(name, "")
	}
	spec, wrong := read(t, form)
	require.Empty(t, wrong)
	require.Equal(t, `{}`, spec)
}
