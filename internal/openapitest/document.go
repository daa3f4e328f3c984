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

const base = "openapi.json" // the name of the document among schemas

// Document is an OpenAPI 3.1 document. It may be used by several goroutines.
type Document struct {
	operations []operation

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
	used     map[string]bool // operations that an answer was held against
}

// operation is what the document says of one method of one path.
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

// ProblemSchema is where a document has the schema of problems that no
// operation answers: those for unknown paths and methods.
const ProblemSchema = "/components/schemas/Problem"

// New reads a document. A document that isn't JSON, or none of OpenAPI 3.1, is
// an error.
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
		return nil, fmt.Errorf("openapitest: the document is of OpenAPI %q, not 3.1", doc.OpenAPI)
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

// token writes a member's name as it stands in a JSON Pointer (RFC 6901).
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

// fragment percent-encodes what a URL fragment can't hold as it is.
func fragment(pointer string) string {
	return strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(pointer)
}

// find gives the operation of a request: its method and the path template that
// the escaped path fits, literal segments before parameters.
func (d *Document) find(method, escapedPath string) (operation, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(escapedPath, "/")
	var best operation
	literal := -1
	for _, op := range d.operations {
		if n := fits(op.segments, segments); op.method == method && n > literal {
			best, literal = op, n
		}
	}
	return best, literal >= 0
}

// fits counts the literal segments of a template that a path fits; -1 if it
// doesn't.
func fits(template, path []string) int {
	if len(template) != len(path) {
		return -1
	}
	literal := 0
	for i, segment := range template {
		switch {
		case strings.HasPrefix(segment, "{"):
			if path[i] == "" {
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

// Unused gives the ids of the operations that no answer was held against, to
// find routes without a test.
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

func (d *Document) use(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used[id] = true
}
