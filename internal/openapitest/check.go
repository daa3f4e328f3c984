package openapitest

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	problemType = "application/problem+json"
	jsonLines   = "application/jsonl" // the schema describes each line
)

// Check checks a response against the document; body is the whole body of res. The
// error names what isn't declared or isn't valid.
func (d *Document) Check(method, escapedPath string, res *http.Response, body []byte) error {
	op, found := d.find(method, escapedPath)
	if !found {
		return d.checkUnrouted(res, body)
	}
	d.markUsed(op.id)
	declared, ok := op.responses[strconv.Itoa(res.StatusCode)]
	if !ok {
		return fmt.Errorf("%s: the status %d isn't declared", op.id, res.StatusCode)
	}
	for name := range declared.Headers {
		if res.Header.Get(name) == "" {
			return fmt.Errorf("%s: %d lacks the declared header %s", op.id, res.StatusCode, name)
		}
	}
	pointer := op.pointer + "/responses/" + strconv.Itoa(res.StatusCode) + "/content"
	if err := d.checkContent(pointer, declared, method, res, body); err != nil {
		return fmt.Errorf("%s: %d: %w", op.id, res.StatusCode, err)
	}
	return nil
}

// checkContent checks the content type and the body of a response. pointer is the JSON
// Pointer to the declared content.
func (d *Document) checkContent(
	pointer string, declared response, method string, res *http.Response, body []byte,
) error {
	if len(declared.Content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("the body has %d bytes, but none is declared", len(body))
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("the content type: %w", err)
	}
	if _, ok := declared.Content[media]; !ok {
		return fmt.Errorf("the content type %s isn't declared", media)
	}
	if method == http.MethodHead {
		return nil
	}
	pointer += "/" + token(media) + "/schema"
	switch {
	case strings.HasPrefix(media, "text/"):
		schema, err := d.schema(pointer)
		if err != nil {
			return err
		}
		return schema.Validate(string(body))
	case media == jsonLines:
		for line := range bytes.Lines(body) {
			if err := d.validate(pointer, line); err != nil {
				return fmt.Errorf("the line %s: %w", line, err)
			}
		}
		return nil
	}
	return d.validate(pointer, body)
}

// checkUnrouted checks a response to a request that matches no operation of the
// document: it must be a problem with the status 404 or 405.
func (d *Document) checkUnrouted(res *http.Response, body []byte) error {
	if !slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed}, res.StatusCode) {
		return fmt.Errorf("%d for a path and method without an operation in the document",
			res.StatusCode)
	}
	if res.Header.Get("Content-Type") != problemType {
		return fmt.Errorf("%d with the content type %q, not a problem", res.StatusCode,
			res.Header.Get("Content-Type"))
	}
	if len(body) == 0 && res.Request != nil && res.Request.Method == http.MethodHead {
		return nil
	}
	return d.validate(ProblemSchema, body)
}

// validate checks a JSON body against the schema at pointer.
func (d *Document) validate(pointer string, body []byte) error {
	schema, err := d.schema(pointer)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body isn't JSON: %w", err)
	}
	return schema.Validate(value)
}

// CheckSchemas compiles the schemas of all responses, even of those that no test
// receives.
func (d *Document) CheckSchemas() error {
	for _, op := range d.operations {
		for status, declared := range op.responses {
			for media := range declared.Content {
				if _, err := d.schema(op.pointer + "/responses/" + status + "/content/" +
					token(media) + "/schema"); err != nil {
					return fmt.Errorf("%s: %w", op.id, err)
				}
			}
		}
	}
	return nil
}
