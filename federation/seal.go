package federation

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// MaxSpec is the maximum size of a spec in canonical form, in bytes. It limits
// the memory that one item of a bundle needs, of which several are read at once.
const MaxSpec = 4 << 20

const specTooLarge = "must have at most %d bytes"

// Seal returns the item with its Spec in canonical form and its Digest computed:
// the SHA-256 of the canonical form of
//
//	{"kind":…,"labels":{…},"name":…,"spec":{…}}
//
// Nil labels become empty labels. A Spec that [Canonical] refuses is its error,
// with paths below /spec. A Spec that isn't an object, and text that isn't UTF-8
// or has U+0000, is [tenancy.CodeInvalid]. A Spec larger than [MaxSpec] is
// [tenancy.CodeTooLarge].
func (i Item) Seal() (Item, error) {
	spec, err := canonicalSpec(i.Spec)
	if err != nil {
		return Item{}, err
	}
	if err := i.checkText(); err != nil {
		return Item{}, err
	}
	return i.sealed(spec), nil
}

// SealUnchecked is Seal for an item that a database held before this library managed it. What Seal
// refuses stays as it is, so that the item can be read and deleted; [Kinds.CheckStored] names it.
// The Spec must be JSON.
func (i Item) SealUnchecked() Item {
	sealed, err := i.Seal()
	if err == nil {
		return sealed
	}
	spec, err := jsontext.AppendFormat(nil, i.Spec, jsontext.ReorderRawObjects(true))
	if err != nil {
		spec = i.Spec
	}
	return i.sealed(spec)
}

// AppendJSON appends the item in the form that it has in a bundle, which is
// canonical. The item must be sealed. UpdatedAt is written in UTC with
// microseconds.
func (i Item) AppendJSON(b []byte) []byte {
	b = slices.Grow(b, len(i.Spec)+256)
	b = appendString(append(b, `{"digest":`...), string(i.Digest))
	b = append(i.appendCovered(append(b, ',')), i.Spec...)
	b = i.UpdatedAt.UTC().AppendFormat(append(b, `,"updated_at":"`...), tenancy.TimeLayout)
	b = strconv.AppendInt(append(b, `","version":`...), i.Version, 10)
	return append(b, '}')
}

// sealed is Seal for valid text and a spec in canonical form.
func (i Item) sealed(spec json.RawMessage) Item {
	if i.Labels == nil {
		i.Labels = map[string]string{}
	}
	i.Spec = spec
	h := sha256.New()
	h.Write(i.appendCovered([]byte{'{'}))
	h.Write(spec)
	h.Write([]byte{'}'})
	i.Digest = digestOf(h)
	return i
}

// appendCovered appends the members that the digest covers, except the value of
// the spec.
func (i Item) appendCovered(b []byte) []byte {
	b = appendString(append(b, `"kind":`...), i.Kind)
	b = append(b, `,"labels":{`...)
	for n, key := range slices.SortedFunc(maps.Keys(i.Labels), compareUTF16) {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, key), ':')
		b = appendString(b, i.Labels[key])
	}
	b = appendString(append(b, `},"name":`...), i.Name)
	return append(b, `,"spec":`...)
}

// checkText refuses text that JSON or PostgreSQL can't store unchanged.
func (i Item) checkText() error {
	var p problems
	check := func(path jsontext.Pointer, text string) {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			p.invalid(path, "must be UTF-8 without U+0000")
		}
	}
	check("/kind", i.Kind)
	check("/name", i.Name)
	for _, key := range slices.Sorted(maps.Keys(i.Labels)) {
		path := jsontext.Pointer("/labels").AppendToken(key)
		check(path, key)
		check(path, i.Labels[key])
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return err
	}
	return nil
}

// canonicalSpec returns the canonical form of a spec, which must be an object.
func canonicalSpec(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, problem(tenancy.CodeInvalid, "/spec", "must be an object")
	}
	spec, err := canonical(raw)
	if err != nil {
		return nil, prefixPaths("/spec", err)
	}
	if spec[0] != '{' {
		return nil, problem(tenancy.CodeInvalid, "/spec", "must be an object")
	}
	if len(spec) > MaxSpec {
		return nil, problem(tenancy.CodeTooLarge, "/spec", specTooLarge, MaxSpec)
	}
	return spec, nil
}
