package isolationtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// operation is the part of an OpenAPI operation that attacks need.
type operation struct {
	method string
	path   string // a template, after the server's prefix
	group  string
	params []parameter
	media  string // the body's media type; empty: no body
	body   *schema

	host bool // from Options.Routes
	// of a host's route: row security alone confines its statements
	unfiltered bool

	sample  string                       // of a host's route: a body that it accepts; may be empty
	leading map[string]map[string]string // by tenant: values of all path parameters but the last
}

type parameter struct {
	Name   string
	In     string
	Schema schema
}

// schema is the part of JSON Schema that generating a value needs.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Enum       []any
	Pattern    string
	Minimum    *float64
	Properties map[string]*schema
	Required   []string
	Items      *schema
	AnyOf      []*schema
}

type document struct {
	Servers    []struct{ URL string }
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]*schema }
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost,
	http.MethodPatch, http.MethodDelete}

// readDocument reads the handler's OpenAPI document.
func (e *examination) readDocument(ctx context.Context) error {
	answered := e.send(ctx, nil, request{method: http.MethodGet, path: e.options.Document})
	if answered.status != http.StatusOK {
		return fmt.Errorf("%s answers %d: Options.Document must be the path of the OpenAPI"+
			" document", e.options.Document, answered.status)
	}
	var d document
	if err := json.Unmarshal([]byte(answered.body), &d); err != nil {
		return fmt.Errorf("%s: %w", e.options.Document, err)
	}
	if err := e.readOperations(d); err != nil {
		return fmt.Errorf("%s: %w", e.options.Document, err)
	}
	if len(e.routes) == 0 {
		return errors.New(e.options.Document + " has no routes")
	}
	return nil
}

func (e *examination) readOperations(d document) error {
	prefix := ""
	if len(d.Servers) > 0 && strings.HasPrefix(d.Servers[0].URL, "/") {
		prefix = strings.TrimSuffix(d.Servers[0].URL, "/")
	}
	e.skipped = maps.Clone(e.options.Skip)
	for path, members := range d.Paths {
		for _, method := range methods {
			raw, ok := members[strings.ToLower(method)]
			if !ok {
				continue
			}
			e.documented = append(e.documented, servedRoute{method: method, path: prefix + path})
			if _, skip := e.skipped[method+" "+path]; skip {
				delete(e.skipped, method+" "+path)
				continue
			}
			op := operation{method: method, path: prefix + path}
			if err := op.read(raw, d); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
			e.routes = append(e.routes, op)
		}
	}
	slices.SortFunc(e.routes, func(a, b operation) int {
		if a.method != b.method {
			return slices.Index(methods, a.method) - slices.Index(methods, b.method)
		}
		return strings.Compare(a.path, b.path)
	})
	return nil
}

func (op *operation) read(raw json.RawMessage, d document) error {
	var written struct {
		Tags        []string
		Parameters  []parameter
		RequestBody struct {
			Content map[string]struct{ Schema *schema }
		}
	}
	if err := json.Unmarshal(raw, &written); err != nil {
		return err
	}
	op.params, op.group = written.Parameters, "other"
	if len(written.Tags) > 0 {
		op.group = written.Tags[0]
	}
	for media, content := range written.RequestBody.Content {
		if op.media == "" || media < op.media {
			op.media, op.body = media, d.resolve(content.Schema, 0)
		}
	}
	return nil
}

// maxDepth limits schemas that contain themselves.
const maxDepth = 8

// resolve replaces references by the schemas they name.
func (d document) resolve(s *schema, depth int) *schema {
	if s == nil || depth > maxDepth {
		return &schema{}
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.resolve(d.Components.Schemas[name], depth+1)
	}
	whole := *s
	whole.Items = nil
	whole.Properties = map[string]*schema{}
	for name, property := range s.Properties {
		whole.Properties[name] = d.resolve(property, depth+1)
	}
	if s.Items != nil {
		whole.Items = d.resolve(s.Items, depth+1)
	}
	if len(s.AnyOf) > 0 {
		return d.resolve(s.AnyOf[0], depth+1)
	}
	return &whole
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// tenantParameter is the path parameter that names a tenant.
const tenantParameter = "tenant"

// itemParameters returns the path's parameters except the tenant.
func (op operation) itemParameters() []string {
	var names []string
	for _, found := range pathParameter.FindAllStringSubmatch(op.path, -1) {
		if found[1] != tenantParameter {
			names = append(names, found[1])
		}
	}
	return names
}

// collectionPath returns the path of the collection that the last parameter selects from: the
// part before the parameter.
func (op operation) collectionPath() string {
	names := op.itemParameters()
	if len(names) == 0 {
		return op.path
	}
	before, _, _ := strings.Cut(op.path, "/{"+names[len(names)-1]+"}")
	return before
}

func (op operation) hasParameter(in, name string) bool {
	return slices.ContainsFunc(op.params,
		func(p parameter) bool { return p.In == in && strings.EqualFold(p.Name, name) })
}

// findOperation returns the operation with a method and a path template.
func (e *examination) findOperation(method, path string) (operation, bool) {
	i := slices.IndexFunc(e.routes,
		func(op operation) bool { return op.method == method && op.path == path })
	if i < 0 {
		return operation{}, false
	}
	return e.routes[i], true
}

// example generates a value of the schema, with the required members of objects.
func (s *schema) example(text string) any {
	if s == nil {
		return nil
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case "object":
		object := map[string]any{}
		for _, name := range s.Required {
			object[name] = s.Properties[name].example(text)
		}
		return object
	case "array":
		return []any{}
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case "boolean":
		return false
	}
	return text
}
