// Package schemas has the schemas of the OpenAPI document that no Go type describes.
package schemas

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Prefix is the beginning of a reference to a schema of the document.
const Prefix = "#/components/schemas/"

// Object returns the schema of a JSON object with exactly these members.
func Object(members map[string]*huma.Schema, required ...string) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Properties: members, Required: required, AdditionalProperties: false,
	}
}

// KindComponents returns the schemas of a kind for requests and responses.
func KindComponents(kind federation.Kind) map[string]*huma.Schema {
	name := ComponentName(kind.Name)
	ref := func(suffix string) *huma.Schema {
		return &huma.Schema{Ref: Prefix + name + suffix}
	}
	resource := resourceSchema(kind.Name)
	resource.Properties["spec"] = ref("Spec")
	return map[string]*huma.Schema{
		name + "Resource":  resource,
		name + "Spec":      Spec(kind, false),
		name + "SpecInput": Spec(kind, true),
		name + "Input": Object(map[string]*huma.Schema{
			"labels": labelsSchema(), "spec": ref("SpecInput"),
		}, "spec"),
		name + "Page": Object(map[string]*huma.Schema{
			"items": {Type: huma.TypeArray, Items: ref("Resource")},
			"next_cursor": {Type: huma.TypeString,
				Description: "the cursor of the next page; absent on the last page"},
		}, "items"),
	}
}

// ComponentName returns a kind's name in schema names: "McpServer" for "mcp_server".
func ComponentName(kind string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(kind, "_") {
		if word != "" {
			name.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return name.String()
}

// resourceSchema describes a resource without its spec, which depends on the kind.
func resourceSchema(kind string) *huma.Schema {
	return Object(map[string]*huma.Schema{
		"id":   {Type: huma.TypeString, Format: "uuid"},
		"kind": {Type: huma.TypeString, Enum: []any{kind}},
		"name": {Type: huma.TypeString, Description: "1 to 256 characters; a resource from before" +
			" the library may have another name"},
		"labels": labelsSchema(),
		"version": {Type: huma.TypeInteger, Minimum: ptr(1.0),
			Description: "counts the changes from 1"},
		"created_at": Time(),
		"updated_at": Time(),
	}, "id", "kind", "name", "labels", "spec", "version", "created_at", "updated_at")
}

// nameSchema describes a name, as far as a schema can: tenancy.CheckName has the full
// rule.
func nameSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, MinLength: ptr(1), MaxLength: ptr(256)}
}

// labelsSchema describes labels: at most 64, with string values.
func labelsSchema() *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, MaxProperties: ptr(64),
		AdditionalProperties: &huma.Schema{Type: huma.TypeString},
	}
}

// Spec describes the spec of a kind in a request (input) or in a response. In a
// response no known member is null, and every secret is a reference.
func Spec(kind federation.Kind, input bool) *huma.Schema {
	spec := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: !kind.Closed,
		Properties: map[string]*huma.Schema{}}
	add := func(name string, required bool, schema *huma.Schema) {
		if required {
			spec.Required = append(spec.Required, name)
		} else if input {
			schema = orNull(schema)
		}
		spec.Properties[name] = schema
	}
	for _, f := range kind.Fields {
		add(f.Name, f.Required, fieldSchema(f, input))
	}
	for _, r := range kind.References {
		add(r.Field, r.Required, referenceSchema(r))
	}
	return spec
}

// orNull allows null in addition to schema.
func orNull(schema *huma.Schema) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{schema, {Type: "null"}}}
}

// fieldSchema describes a declared field of a spec.
func fieldSchema(f federation.Field, input bool) *huma.Schema {
	if f.Secret {
		return secretSchema(input)
	}
	s := &huma.Schema{}
	if f.Type != federation.Any {
		s.Type = string(f.Type)
	}
	if f.Type == federation.Array {
		s.Items = &huma.Schema{}
	}
	for _, value := range f.Enum {
		s.Enum = append(s.Enum, value)
	}
	s.Minimum, s.Maximum = bound(f.Minimum), bound(f.Maximum)
	switch f.Format {
	case federation.Float:
		names := &huma.Schema{Type: huma.TypeString, Enum: []any{"NaN", "Infinity", "-Infinity"}}
		s = &huma.Schema{AnyOf: []*huma.Schema{s, names}}
	case federation.Bytes:
		s.ContentEncoding = "base64"
	case federation.UUID:
		s.Format = string(f.Format)
	case federation.DateTime:
		s.Description = `a time of RFC 3339, "infinity" or "-infinity"`
	}
	if len(f.Default) > 0 {
		s.Default = f.Default
	}
	return s
}

func bound(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return ptr(float64(*n))
}

// secretSchema describes a secret: its value or a reference in a request, always a
// reference in a response.
func secretSchema(input bool) *huma.Schema {
	reference := Object(map[string]*huma.Schema{"$secret": nameSchema()}, "$secret")
	reference.Description = "the name of a secret of the tenant"
	if !input {
		return reference
	}
	literal := &huma.Schema{Type: huma.TypeString, MinLength: ptr(1), WriteOnly: true}
	return &huma.Schema{AnyOf: []*huma.Schema{literal, reference}}
}

// referenceSchema describes a reference: a list of names, one name, or kind and name if
// the reference allows several kinds.
func referenceSchema(r federation.Reference) *huma.Schema {
	name := nameSchema()
	name.Description = "the name of a " + strings.Join(r.Kinds, " or a ") + " of this tenant"
	if r.Many {
		return &huma.Schema{Type: huma.TypeArray, UniqueItems: true, Items: name}
	}
	if len(r.Kinds) == 1 {
		return name
	}
	kind := &huma.Schema{Type: huma.TypeString}
	for _, k := range r.Kinds {
		kind.Enum = append(kind.Enum, k)
	}
	return Object(map[string]*huma.Schema{"kind": kind, "name": name}, "kind", "name")
}

// Bundle describes a bundle, with one schema for the items of all kinds.
func Bundle() *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	count := &huma.Schema{Type: huma.TypeInteger, Minimum: ptr(0.0)}
	digest := &huma.Schema{Type: huma.TypeString, Pattern: "^sha256:[0-9a-f]{64}$"}
	spec := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	item := Object(map[string]*huma.Schema{
		"kind": text, "name": nameSchema(), "labels": labelsSchema(), "spec": spec,
		"digest":     digest,
		"version":    {Type: huma.TypeInteger, Minimum: ptr(1.0)},
		"updated_at": Time(),
	}, "kind", "name", "labels", "spec", "digest", "version", "updated_at")
	return Object(map[string]*huma.Schema{
		"format": {Type: huma.TypeString, Enum: []any{federation.BundleFormat}},
		"format_version": {Type: huma.TypeInteger, Minimum: ptr(1.0),
			Maximum: ptr(float64(federation.BundleVersion))},
		"source": Object(map[string]*huma.Schema{"instance": text, "tenant": text,
			"revision": {Type: huma.TypeInteger, Minimum: ptr(0.0),
				Description: "the number of changes to the tenant's items; not in version 1"},
		}, "instance", "tenant"),
		"items":  {Type: huma.TypeArray, Items: item, Description: "sorted by kind, then name"},
		"count":  count,
		"digest": digest,
		"signature": Object(map[string]*huma.Schema{"key_id": text,
			"value": {Type: huma.TypeString, Description: "an Ed25519 signature in base64"},
		}, "key_id", "value"),
	}, "format", "format_version", "source", "items", "count", "digest")
}

// Problem describes a problem. Its extension members depend on the code.
func Problem() *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	anything := &huma.Schema{}
	detail := Object(map[string]*huma.Schema{
		"path": {Type: huma.TypeString, Description: "a JSON Pointer (RFC 6901)"}, "code": text,
		"detail": text,
	}, "path", "code", "detail")
	ref := Object(map[string]*huma.Schema{"kind": text, "name": text}, "kind", "name")
	s := Object(map[string]*huma.Schema{
		"type":       {Type: huma.TypeString, Format: "uri-reference"},
		"title":      text,
		"status":     {Type: huma.TypeInteger, Minimum: ptr(400.0), Maximum: ptr(599.0)},
		"detail":     text,
		"code":       {Type: huma.TypeString, Pattern: "^[a-z]+(_[a-z]+)*$"},
		"request_id": {Type: huma.TypeString, MinLength: ptr(1)},
		"errors":     {Type: huma.TypeArray, Items: detail},
		"referrers": {Type: huma.TypeArray, Items: ref,
			Description: "for the code referenced: the items that refer to it"},
		"names": {Type: huma.TypeArray, Items: text,
			Description: "for the code not_found of an export: the names that nothing selected has"},
		"counts": {Type: huma.TypeObject,
			Description:          "for the code import_conflict: as in an import's report",
			AdditionalProperties: anything},
		"items": {Type: huma.TypeArray, Items: anything,
			Description: "for the code import_conflict: the conflicts, as in an import's report"},
		"delete": {Type: huma.TypeInteger,
			Description: "for the code confirmation_required: how many items would be deleted"},
		"of": {Type: huma.TypeInteger,
			Description: "for the code confirmation_required: how many came from the source"},
		"secrets_required": {Type: huma.TypeArray, Items: anything,
			Description: "for the code secrets_missing: as in an import's report"},
	}, "type", "title", "status", "detail", "code", "request_id")
	s.Description = "RFC 9457 problem details"
	s.AdditionalProperties = true
	return s
}

// Time describes the form of tenancy.TimeLayout.
func Time() *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: "date-time",
		Pattern:     `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`,
		Description: "RFC 3339 in UTC with microseconds",
	}
}

func ptr[T any](v T) *T { return &v }
