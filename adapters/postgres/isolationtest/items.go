package isolationtest

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// victimWrites is how often the victim's first item of each kind is written, so that its ETag
// differs from the attacker's.
const victimWrites = 3

// putItems writes items of each kind for both sides through the port, which also writes the rows
// of join tables and lookups. If a kind refuses all generated items, fillEmpty writes its
// rows.
func (e *examination) putItems(ctx context.Context) error {
	for _, kind := range e.kindsInOrder() {
		for _, s := range []*tenantSide{e.attacker, e.victim} {
			if err := e.putKind(ctx, kind, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// kindsInOrder returns the kinds, each after those it refers to.
func (e *examination) kindsInOrder() []federation.Kind {
	var order []federation.Kind
	placed := map[string]bool{}
	rest := e.services.Kinds.All()
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(k federation.Kind) bool {
			return !slices.ContainsFunc(k.References, func(r federation.Reference) bool {
				return slices.ContainsFunc(r.Kinds,
					func(name string) bool { return name != k.Name && !placed[name] })
			})
		})
		i = max(i, 0)
		order, placed[rest[i].Name] = append(order, rest[i]), true
		rest = slices.Delete(rest, i, i+1)
	}
	return order
}

func (e *examination) putKind(ctx context.Context, kind federation.Kind, s *tenantSide) error {
	names := s.names()
	if kind.Singleton != "" {
		names = []string{kind.Singleton}
	}
	for i, name := range names {
		times := 1
		if s == e.victim && i == 0 {
			times = victimWrites
		}
		for range times {
			refused, err := e.putItem(ctx, kind, s, name, i)
			if refused || err != nil {
				return err
			}
		}
	}
	return nil
}

// stringCandidates are the values tried for a member of type string, whose column may hold a
// UUID or a time.
var stringCandidates = []func(s *tenantSide) string{
	func(s *tenantSide) string { return s.marker },
	func(*tenantSide) string { return uuid.NewString() },
	func(*tenantSide) string { return "2026-01-01T12:00:00Z" },
}

// putItem writes one item, with all members if possible and otherwise with the required ones. It
// reports whether the kind refused both.
func (e *examination) putItem(
	ctx context.Context, kind federation.Kind, s *tenantSide, name string, place int,
) (refused bool, err error) {
	for _, full := range []bool{true, false} {
		for _, text := range stringCandidates {
			item := federation.Item{
				Ref:  federation.Ref{Kind: kind.Name, Name: name},
				Spec: encode(specOf(kind, s, text(s), place, full)),
			}
			if !kind.NoLabels {
				item.Labels = map[string]string{"marker": s.marker}
			}
			_, _, err = e.services.Resources.Put(ctx, s.ID, item, ports.Condition{})
			if err == nil {
				return false, nil
			}
			if tenancy.CodeOf(err) == tenancy.CodeUnavailable || ctx.Err() != nil {
				return false, err
			}
		}
	}
	return true, nil
}

func specOf(kind federation.Kind, s *tenantSide, text string, place int, full bool) map[string]any {
	spec := map[string]any{}
	if !kind.Closed {
		spec["marker"] = s.marker
	}
	for _, f := range kind.Fields {
		if full || f.Required {
			spec[f.Name] = valueOf(f, s, text)
		}
	}
	for _, r := range kind.References {
		if value := referenceOf(kind, r, s, place); value != nil && (full || r.Required) {
			spec[r.Field] = value
		}
	}
	return spec
}

func valueOf(f federation.Field, s *tenantSide, text string) any {
	switch {
	case len(f.Enum) > 0:
		return f.Enum[0]
	case f.Secret:
		return s.marker
	}
	switch f.Type {
	case federation.String:
		return text
	case federation.Integer:
		return inRange(f)
	case federation.Number:
		return json.Number("1.5")
	case federation.Boolean:
		return true
	case federation.Array:
		return []string{s.marker}
	}
	return map[string]string{"marker": s.marker}
}

func inRange(f federation.Field) int64 {
	switch {
	case f.Minimum != nil && *f.Minimum > 1:
		return *f.Minimum
	case f.Maximum != nil && *f.Maximum < 1:
		return *f.Maximum
	}
	return 1
}

// referenceOf returns a reference to the side's items. If a kind refers to itself, an item refers
// to the one before it.
func referenceOf(kind federation.Kind, r federation.Reference, s *tenantSide, place int) any {
	to := r.Kinds[0]
	name := shared[0]
	if to == kind.Name {
		if place == 0 || kind.Singleton != "" {
			return nil
		}
		name = s.names()[place-1]
	}
	switch {
	case r.Many:
		return []string{name}
	case len(r.Kinds) > 1:
		return map[string]string{"kind": to, "name": name}
	}
	return name
}
