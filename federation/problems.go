package federation

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// MaxDetails is how many details an error has at most.
const MaxDetails = 100

const (
	// maxPath is the length of a problem's path in bytes: without this limit an
	// error could be a hundred times as large as the input.
	maxPath = 512

	appearsTwice = "appears twice"
)

// problems collects the faults of an input: at most MaxDetails and one more, which shows
// that there are more.
type problems []tenancy.Detail

// full reports whether no more problems are collected.
func (p problems) full() bool { return len(p) > MaxDetails }

// add adds a problem, unless p is full.
func (p *problems) add(code tenancy.Code, path jsontext.Pointer, format string, args ...any) {
	if p.full() {
		return
	}
	for len(path) > maxPath {
		path = path.Parent() // a value that contains the fault
	}
	*p = append(*p, tenancy.Detail{
		Path:   strings.ToValidUTF8(string(path), "\uFFFD"),
		Code:   code,
		Detail: fmt.Sprintf(format, args...),
	})
}

// invalid adds a problem with [tenancy.CodeInvalid], the most frequent one.
func (p *problems) invalid(path jsontext.Pointer, format string, args ...any) {
	p.add(tenancy.CodeInvalid, path, format, args...)
}

// err returns one error for all problems, nil if there are none. Its code is the
// problems' code if all have the same, otherwise mixed.
func (p problems) err(mixed tenancy.Code) *tenancy.Error {
	if len(p) == 0 {
		return nil
	}
	code := p[0].Code
	for _, d := range p {
		if d.Code != code {
			code = mixed
		}
	}
	message := p[0].Detail
	if p[0].Path != "" {
		message = p[0].Path + " " + message
	}
	switch {
	case p.full():
		message += " (and more)"
	case len(p) > 1:
		message += " (and " + strconv.Itoa(len(p)-1) + " more)"
	}
	e := tenancy.Errorf(code, "%s", message)
	SetDetails(e, p)
	return e
}

// SetDetails gives e the first [MaxDetails] details. If there are more, the member "truncated"
// is true.
func SetDetails(e *tenancy.Error, details []tenancy.Detail) {
	e.Details = details
	if len(details) > MaxDetails {
		e.Details = details[:MaxDetails]
		e.Members = map[string]any{"truncated": true}
	}
}

// problem returns an error with a single problem.
func problem(code tenancy.Code, path jsontext.Pointer, format string, args ...any) *tenancy.Error {
	var p problems
	p.add(code, path, format, args...)
	return p.err(code)
}

// prefixPaths returns err with path prepended to the paths of its details.
func prefixPaths(path jsontext.Pointer, err *tenancy.Error) *tenancy.Error {
	var p problems
	for _, d := range err.Details {
		p.add(d.Code, path+jsontext.Pointer(d.Path), "%s", d.Detail)
	}
	prefixed := p.err(err.Code)
	prefixed.Members = err.Members
	return prefixed
}

// syntaxError converts an error of the JSON parser.
func syntaxError(err error) *tenancy.Error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return problem(tenancy.CodeInvalidJSON, "", "the JSON text is cut off").Because(err)
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return problem(tenancy.CodeInvalidJSON, "", "not JSON").Because(err)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return problem(tenancy.CodeInvalidJSON, syntax.JSONPointer, appearsTwice)
	}
	return problem(tenancy.CodeInvalidJSON, syntax.JSONPointer, "not JSON at byte %d: %v",
		syntax.ByteOffset, syntax.Err)
}
