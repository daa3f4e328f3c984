package federation

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errNotSealed is the error for an item that wasn't checked or sealed.
var errNotSealed = errors.New(
	"federation: the item's spec isn't in canonical form: seal the item first")

// Target is one reference of an item to another.
type Target struct {
	Path string // its place in the item, a JSON Pointer: /spec/prompts/2
	Ref  Ref
}

// Targets returns every reference in the item's spec, in the order of the spec,
// including repeated ones. The item must be sealed. An undeclared kind is
// [tenancy.CodeNotFound]; a reference that [Kinds.Check] would refuse is
// [tenancy.CodeInvalid].
func (k *Kinds) Targets(item Item) ([]Target, error) {
	s, err := k.schemaOf(item)
	if err != nil {
		return nil, err
	}
	members, err := splitObject(item.Spec)
	if err != nil {
		return nil, err
	}
	var all []Target
	var p problems
	for _, m := range members {
		if r, ok := s.references[m.name]; ok && !m.isNull() {
			all = append(all, r.targets(&p, jsontext.Pointer("/spec").AppendToken(m.name),
				m.value)...)
		}
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return nil, err
	}
	return all, nil
}

// Rewrite replaces every reference of the item with the result of rename and
// returns the item sealed again. It is [tenancy.CodeInvalid] if rename changes a
// kind, returns a name that [tenancy.CheckName] refuses, or makes two references
// of one array equal. The item keeps its own name.
func (k *Kinds) Rewrite(item Item, rename func(Ref) Ref) (Item, error) {
	s, err := k.schemaOf(item)
	if err != nil {
		return Item{}, err
	}
	members, err := splitObject(item.Spec)
	if err != nil {
		return Item{}, err
	}
	var p problems
	changed := false
	for i, m := range members {
		r, ok := s.references[m.name]
		if !ok || m.isNull() {
			continue
		}
		path := jsontext.Pointer("/spec").AppendToken(m.name)
		if value := r.rewrite(&p, path, m.value, rename); value != nil {
			members[i].value, changed = value, true
		}
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return Item{}, err
	}
	if changed {
		item.Spec = appendObject(make([]byte, 0, len(item.Spec)+64), members)
	}
	return item.Seal()
}

// sortNames sorts the names of the references that are Unordered. members may be changed. It
// leaves a value that isn't an array of names as it is.
func (s *schema) sortNames(members []member) (changed bool) {
	for i, m := range members {
		r, ok := s.references[m.name]
		if !ok || !r.Unordered {
			continue
		}
		sorted := r.sorted(m.value)
		if string(sorted) != string(m.value) {
			members[i].value, changed = sorted, true
		}
	}
	return changed
}

// sorted returns an array of names in the order of the names.
func (r Reference) sorted(value json.RawMessage) json.RawMessage {
	var p problems
	refs := r.targets(&p, "", value)
	if len(p) > 0 {
		return value
	}
	slices.SortFunc(refs, func(a, b Target) int { return a.Ref.Compare(b.Ref) })
	return r.encode(refs)
}

// rewrite returns the member with its references renamed, nil if none changed.
func (r Reference) rewrite(
	p *problems, path jsontext.Pointer, value json.RawMessage, rename func(Ref) Ref,
) json.RawMessage {
	refs := r.targets(p, path, value)
	changed := false
	for i, target := range refs {
		renamed := rename(target.Ref)
		if renamed.Kind != target.Ref.Kind {
			p.invalid(jsontext.Pointer(target.Path), "must keep its kind when it is renamed")
		}
		changed = changed || renamed != target.Ref
		refs[i].Ref = renamed
	}
	if !changed {
		return nil
	}
	rewritten := r.encode(refs)
	if r.Unordered {
		rewritten = r.sorted(rewritten)
	}
	r.targets(p, path, rewritten) // the new names must be valid too
	return rewritten
}

// encode is the inverse of targets.
func (r Reference) encode(refs []Target) json.RawMessage {
	switch {
	case r.Many:
		array := []byte{'['}
		for i, target := range refs {
			if i > 0 {
				array = append(array, ',')
			}
			array = appendString(array, target.Ref.Name)
		}
		return append(array, ']')
	case len(r.Kinds) == 1:
		return quoted(refs[0].Ref.Name)
	default:
		return appendObject(nil, []member{
			{"kind", quoted(refs[0].Ref.Kind)},
			{"name", quoted(refs[0].Ref.Name)},
		})
	}
}

// targets parses a member that isn't null and adds its faults to p.
func (r Reference) targets(p *problems, path jsontext.Pointer, value json.RawMessage) []Target {
	switch {
	case r.Many:
		return r.manyTargets(p, path, value)
	case len(r.Kinds) == 1:
		return nameTarget(p, path, r.Kinds[0], value)
	default:
		return r.pairTarget(p, path, value)
	}
}

// manyTargets parses an array of names and refuses repeated ones.
func (r Reference) manyTargets(p *problems, path jsontext.Pointer, value json.RawMessage) []Target {
	if valueKind(value) != jsontext.KindBeginArray {
		p.invalid(path, "must be an array of names")
		return nil
	}
	names, err := splitArray(value)
	if err != nil {
		p.invalid(path, "%s", messageOf(err))
		return nil
	}
	all := make([]Target, 0, len(names))
	seen := make(map[Ref]bool, len(names))
	for i, name := range names {
		at := path.AppendToken(strconv.Itoa(i))
		for _, target := range nameTarget(p, at, r.Kinds[0], name) {
			if seen[target.Ref] {
				p.invalid(at, appearsTwice)
			}
			seen[target.Ref] = true
			all = append(all, target)
		}
	}
	return all
}

// nameTarget parses a name. It returns one target, or none if the name is invalid.
func nameTarget(p *problems, path jsontext.Pointer, kind string, value json.RawMessage) []Target {
	name, ok := unquote(value)
	if !ok {
		p.invalid(path, "must be a name")
		return nil
	}
	if err := tenancy.CheckName(name); err != nil {
		p.invalid(path, "%s", messageOf(err))
		return nil
	}
	return []Target{{string(path), Ref{kind, name}}}
}

// pairTarget parses {"kind", "name"}. The target's path is the object's.
func (r Reference) pairTarget(p *problems, path jsontext.Pointer, value json.RawMessage) []Target {
	pair, err := splitObject(value)
	if err != nil || len(pair) != 2 || pair[0].name != "kind" || pair[1].name != "name" {
		p.invalid(path, `must be {"kind": …, "name": …} without other members`)
		return nil
	}
	kind, ok := unquote(pair[0].value)
	if !ok || !slices.Contains(r.Kinds, kind) {
		p.invalid(path.AppendToken("kind"), "must be one of %s", strings.Join(r.Kinds, ", "))
		return nil
	}
	found := nameTarget(p, path.AppendToken("name"), kind, pair[1].value)
	for i := range found {
		found[i].Path = string(path)
	}
	return found
}
