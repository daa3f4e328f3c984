package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const base = "openapi.json" // the document's name for the schema compiler

// Document is an OpenAPI 3.1 document. Several goroutines may use it.
type Document struct {
	operations []operation

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
	used     map[string]bool // the ids of operations with a checked response
}

// operation is one method of one path in the document.
type operation struct {
	id        string
	method    string
	segments  []string
	pointer   string
	responses map[string]response
}

type response struct {
	Headers map[string]any `json:"headers"`
	Content map[string]any `json:"content"`
}

// ProblemSchema is the JSON Pointer to the schema of the problems that belong to no
// operation: those for unknown paths and methods.
const ProblemSchema = "/components/schemas/Problem"

// New parses a document. It returns an error if raw isn't JSON or isn't an OpenAPI 3.1
// document.
func New(raw []byte) (*Document, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	var doc struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		return nil, fmt.Errorf("openapitest: the document has OpenAPI version %q, not 3.1",
			doc.OpenAPI)
	}
	d := &Document{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{},
		used: map[string]bool{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(base, parsed); err != nil {
		return nil, fmt.Errorf("openapitest: %w", err)
	}
	for path, methods := range doc.Paths {
		for method, definition := range methods {
			if err := d.add(path, method, definition); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// add parses one operation of the document.
func (d *Document) add(path, method string, definition json.RawMessage) error {
	var op struct {
		ID        string              `json:"operationId"`
		Responses map[string]response `json:"responses"`
	}
	if err := json.Unmarshal(definition, &op); err != nil {
		return fmt.Errorf("openapitest: %s %s: %w", method, path, err)
	}
	d.operations = append(d.operations, operation{
		id: op.ID, method: strings.ToUpper(method), segments: strings.Split(path, "/"),
		pointer: "/paths/" + token(path) + "/" + method, responses: op.Responses,
	})
	return nil
}

// token escapes a member's name for a JSON Pointer (RFC 6901).
func token(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// schema compiles the schema at a JSON Pointer of the document.
func (d *Document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.compiled[pointer]; s != nil {
		return s, nil
	}
	s, err := d.compiler.Compile(base + "#" + fragment(pointer))
	if err != nil {
		return nil, fmt.Errorf("openapitest: the schema at %s: %w", pointer, err)
	}
	d.compiled[pointer] = s
	return s, nil
}

// fragment percent-encodes the characters that a URL fragment can't contain.
func fragment(pointer string) string {
	return strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(pointer)
}

// find returns the operation of a request: the one with its method and with the path
// template that matches the escaped path. The template with the most literal segments
// wins.
func (d *Document) find(method, escapedPath string) (operation, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(escapedPath, "/")
	var best operation
	literal := -1
	for _, op := range d.operations {
		if n := countLiterals(op.segments, segments); op.method == method && n > literal {
			best, literal = op, n
		}
	}
	return best, literal >= 0
}

// countLiterals returns the number of literal segments of a template that matches the
// path; -1 if it doesn't match.
func countLiterals(template, path []string) int {
	if len(template) != len(path) {
		return -1
	}
	literal := 0
	for i, segment := range template {
		switch {
		case strings.HasPrefix(segment, "{"):
			// an adopted resource may have the empty name
			if path[i] == "" && (segment != "{name}" || i < len(path)-1) {
				return -1
			}
		case segment != path[i]:
			return -1
		default:
			literal++
		}
	}
	return literal
}

// Unused returns the ids of the operations without a checked response, to find routes
// without a test.
func (d *Document) Unused() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []string
	for _, op := range d.operations {
		if !d.used[op.id] {
			ids = append(ids, op.id)
		}
	}
	return ids
}

// markUsed records that a response of the operation was checked.
func (d *Document) markUsed(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used[id] = true
}
