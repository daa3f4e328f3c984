package specform

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// conceal returns the entries of a form without the values of secrets that the spec marks
// itself: no page repeats a secret. In text that isn't JSON they can't be told from the rest.
// Hidden has the names of the inputs whose text had one.
func (w Writer) conceal(form url.Values) (entries []entry, other string, hidden []string) {
	entries, other = fromForm(w.Kind, form)
	for i, e := range entries {
		switch {
		case e.way == asSecret:
			entries[i].text = ""
		case e.way == asJSON:
			entries[i].text = w.concealed(e.text)
		}
		if entries[i].text != e.text {
			hidden = append(hidden, e.input())
		}
	}
	shown := w.concealed(other)
	if shown != other {
		hidden = append(hidden, Other)
	}
	return entries, shown, hidden
}

// concealed returns JSON without secrets; text that isn't JSON as it is.
func (w Writer) concealed(text string) string {
	value, fault := canonical([]byte(text))
	if fault != "" {
		return text
	}
	if shown := Conceal(w.Kind, value); string(shown) != string(value) {
		return Indented(shown)
	}
	return text
}

// Conceal returns a value of a spec, in canonical form, with "" in place of each secret that
// it marks as one. References to stored secrets are kept.
func Conceal(kind federation.Kind, value json.RawMessage) json.RawMessage {
	if len(kind.MarkedSecrets) == 0 {
		return value
	}
	masked, values := extract(kind.MarkedSecrets, Object(map[string]json.RawMessage{"x": value}))
	if len(values) == 0 {
		return value
	}
	for name := range values {
		masked = bytes.ReplaceAll(masked, federation.SecretRef(name), []byte(`""`))
	}
	members, _ := Members(masked)
	return members["x"]
}

// extract takes the marked secrets out of a spec.
func extract(marked []federation.MarkedSecret, spec json.RawMessage) (
	json.RawMessage, map[string]string,
) {
	const kind = "form"
	kinds, err := federation.NewKinds(federation.Kind{Name: kind, MarkedSecrets: marked})
	if err != nil {
		return spec, nil
	}
	item := federation.Item{Ref: federation.Ref{Kind: kind, Name: kind}, Spec: spec}
	masked, values, err := kinds.ExtractSecrets(item)
	if err != nil {
		return spec, nil
	}
	return masked.Spec, values
}

// HasSecret reports whether a form has the value of a secret, or text that may have one.
func HasSecret(kind federation.Kind, form url.Values) bool {
	for name, values := range form {
		if strings.HasPrefix(name, asSecret+".") && values[0] != "" {
			return true
		}
		if slices.ContainsFunc(kind.MarkedSecrets, func(m federation.MarkedSecret) bool {
			return strings.Contains(values[0], m.Marker)
		}) {
			return true
		}
	}
	return false
}
