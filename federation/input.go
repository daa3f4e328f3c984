package federation

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	maxText    = 2 * MaxSpec // bytes of one item as written, with white space and escapes
	maxMembers = 1 << 18     // of the objects in one item; a parser needs 150 bytes for each
	maxInteger = 1 << 53     // a double holds every integer up to this one
)

const (
	unknownMember = "is an unknown member"
	isMissing     = "is missing"
)

// input reads the parts of a bundle from a stream of JSON.
type input struct {
	d       *jsontext.Decoder
	reader  *limitedReader
	started bool
}

func newInput(r io.Reader) *input {
	limited := &limitedReader{r: newCompactReader(r), left: maxText}
	return &input{d: jsontext.NewDecoder(limited), reader: limited}
}

// limitedReader limits the bytes and the members of one part of the bundle. It keeps the
// error of the underlying reader, which the parser's error doesn't always contain.
type limitedReader struct {
	r    *compactReader
	left int // bytes until the part is too large
	err  error
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		l.err = problem(tenancy.CodeTooLarge, "",
			"a part of the bundle is larger than %d bytes", maxText)
		return 0, l.err
	}
	if l.r.members > maxMembers {
		l.err = problem(tenancy.CodeTooLarge, "",
			"a part of the bundle has more than %d members", maxMembers)
		return 0, l.err
	}
	n, err := l.r.Read(p)
	l.left -= n
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// resetLimit begins the next part of at most maxText bytes and maxMembers members.
func (in *input) resetLimit() { in.reader.left, in.reader.r.members = maxText, 0 }

// errorf returns an error at the value that was read last.
func (in *input) errorf(code tenancy.Code, format string, args ...any) error {
	return problem(code, in.d.StackPointer(), format, args...)
}

// readError converts an error of the parser, or returns the error of the reader
// if there was one.
func (in *input) readError(err error) error {
	failed := in.reader.err
	switch {
	case failed == nil, errors.Is(failed, io.ErrUnexpectedEOF):
		return syntaxError(err)
	case tenancy.CodeOf(failed) == tenancy.CodeInternal:
		return fmt.Errorf("federation: reading the bundle: %w", failed)
	default:
		return failed
	}
}

// typeError returns the error for the next value, which isn't of the wanted type.
func (in *input) typeError(want string) error {
	if err := in.d.SkipValue(); err != nil {
		return in.readError(err)
	}
	if in.d.StackPointer() == "" {
		return in.errorf(tenancy.CodeInvalid, "a bundle must be %s", want)
	}
	return in.errorf(tenancy.CodeInvalid, "must be %s", want)
}

// open reads the bracket that begins an object or array.
func (in *input) open(bracket jsontext.Kind, want string) error {
	if in.d.PeekKind() != bracket {
		return in.typeError(want)
	}
	return in.readBracket()
}

// readBracket reads the next token, which is a bracket.
func (in *input) readBracket() error {
	if _, err := in.d.ReadToken(); err != nil {
		return in.readError(err)
	}
	return nil
}

// more reports whether another value follows before the closing bracket. It
// begins a new part.
func (in *input) more(bracket jsontext.Kind) bool {
	in.resetLimit()
	return in.d.PeekKind() != bracket
}

// memberNames are the members that an object may have.
type memberNames struct{ required, optional []string }

// object reads an object. It calls member after the name of each known member,
// and unknown after the name of any other; if unknown is nil, another member is
// [tenancy.CodeUnknownField]. It returns the first error as err. missing is the
// error for required members that are absent; the caller decides when to return it.
func (in *input) object(
	known memberNames, member func(name string) error, unknown func() error,
) (missing, err error) {
	if err := in.open(jsontext.KindBeginObject, "an object"); err != nil {
		return nil, err
	}
	seen := make([]bool, len(known.required))
	for in.d.PeekKind() != jsontext.KindEndObject {
		name, err := in.text()
		if err != nil {
			return nil, err
		}
		i := slices.Index(known.required, name)
		switch {
		case i >= 0:
			seen[i] = true
			err = member(name)
		case slices.Contains(known.optional, name):
			err = member(name)
		case unknown != nil:
			err = unknown()
		default:
			err = in.errorf(tenancy.CodeUnknownField, unknownMember)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := in.readBracket(); err != nil {
		return nil, err
	}
	var p problems
	for i, name := range known.required {
		if !seen[i] {
			p.invalid(in.d.StackPointer().AppendToken(name), isMissing)
		}
	}
	if e := p.err(tenancy.CodeInvalid); e != nil {
		return e, nil
	}
	return nil, nil
}

// text reads a string.
func (in *input) text() (string, error) {
	if in.d.PeekKind() != jsontext.KindString {
		return "", in.typeError("a string")
	}
	token, err := in.d.ReadToken()
	if err != nil {
		return "", in.readError(err)
	}
	s := token.String()
	if strings.Contains(s, "\x00") {
		return "", in.errorf(tenancy.CodeInvalidJSON, nullCharacter)
	}
	return s, nil
}

// integer reads an integer from minimum to 2^53.
func (in *input) integer(minimum int64) (int64, error) {
	raw, err := in.value(jsontext.KindNumber, "an integer")
	if err != nil {
		return 0, err
	}
	var n int64
	literal, e := canonical(raw) // 3.0 is 3
	if e == nil {
		n, err = strconv.ParseInt(string(literal), 10, 64)
	}
	if e != nil || err != nil || n < minimum || n > maxInteger {
		return 0, in.errorf(tenancy.CodeInvalid, "must be an integer from %d to %d", minimum,
			int64(maxInteger))
	}
	return n, nil
}

// value reads a whole value of one kind. The result is valid until the next read.
func (in *input) value(kind jsontext.Kind, want string) (jsontext.Value, error) {
	if in.d.PeekKind() != kind {
		return nil, in.typeError(want)
	}
	v, err := in.d.ReadValue()
	if err != nil {
		return nil, in.readError(err)
	}
	return v, nil
}

// labels reads an object of strings.
func (in *input) labels() (map[string]string, error) {
	if err := in.open(jsontext.KindBeginObject, "an object"); err != nil {
		return nil, err
	}
	labels := map[string]string{}
	for in.d.PeekKind() != jsontext.KindEndObject {
		if len(labels) == maxLabels {
			return nil, in.errorf(tenancy.CodeInvalid, tooManyLabels, maxLabels)
		}
		key, err := in.text()
		if err != nil {
			return nil, err
		}
		if labels[key], err = in.text(); err != nil {
			return nil, err
		}
	}
	return labels, in.readBracket()
}

// skip skips a value of any size.
func (in *input) skip() error {
	if err := in.d.SkipValue(); err != nil {
		return in.readError(err)
	}
	return nil
}

// end refuses data after the bundle.
func (in *input) end() error {
	_, err := in.d.ReadToken()
	switch {
	case errors.Is(err, io.EOF) && in.reader.err == nil:
		return nil
	case err != nil:
		return in.readError(err)
	default:
		return problem(tenancy.CodeInvalidJSON, "", "more data follows after the bundle's end")
	}
}
