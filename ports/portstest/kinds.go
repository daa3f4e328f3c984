package portstest

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Kinds is the model that the suites need: small, but with everything that a
// kind can have. Members that no field or reference describes are kept as they
// are, in every kind. In tables of their own it is:
//
//	maker     description text NOT NULL DEFAULT ''
//	part      description text NOT NULL DEFAULT '', weight double precision
//	widget    description text NOT NULL DEFAULT '', size integer from 0 to 1000000,
//	          color red, green or blue, active boolean NOT NULL DEFAULT true,
//	          token, a secret;
//	          parent, a widget, perhaps itself; maker, a maker;
//	          parts, many parts in an order that is kept;
//	          subject, a maker or a part
//	settings  one in each tenant, named "default": mode open or closed, maker, a maker
//
// What isn't NOT NULL is optional: absent when it is NULL. So description and
// active are always returned, and so is parts, which is [] where there is none
// (the normal form of [federation.Kinds.Check]).
func Kinds() []federation.Kind {
	description := federation.Field{Name: "description", Type: federation.String,
		Default: json.RawMessage(`""`)}
	smallest, largest := int64(0), int64(1_000_000)
	return []federation.Kind{
		{Name: "maker", Fields: []federation.Field{description}},
		{Name: "part", Fields: []federation.Field{
			description, {Name: "weight", Type: federation.Number, Format: federation.Float}}},
		{
			Name: "widget",
			Fields: []federation.Field{
				description,
				{Name: "size", Type: federation.Integer, Minimum: &smallest, Maximum: &largest},
				{Name: "color", Type: federation.String, Enum: []string{"red", "green", "blue"}},
				{Name: "active", Type: federation.Boolean, Default: json.RawMessage(`true`)},
				{Name: "token", Type: federation.String, Secret: true},
			},
			References: []federation.Reference{
				{Field: "parent", Kinds: []string{"widget"}, Cyclic: true},
				{Field: "base", Kinds: []string{"widget"}},
				{Field: "maker", Kinds: []string{"maker"}},
				{Field: "parts", Kinds: []string{"part"}, Many: true},
				{Field: "subject", Kinds: []string{"maker", "part"}},
			},
			MarkedSecrets: []federation.MarkedSecret{
				{Marker: "isSecret", Members: []string{"value", "default"}}},
		},
		{
			Name:      "settings",
			Singleton: "default",
			Fields: []federation.Field{
				{Name: "mode", Type: federation.String, Enum: []string{"open", "closed"}}},
			References: []federation.Reference{{Field: "maker", Kinds: []string{"maker"}}},
		},
	}
}
