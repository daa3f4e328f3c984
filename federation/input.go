package federation

import (
	"bufio"
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
	readSize   = 64 << 10
	maxText    = 2 * MaxSpec // bytes of one item as it is written, with white space and escapes
	maxInteger = 1 << 53     // up to here a double holds every integer
)

// input reads the parts of a bundle from a stream of JSON.
type input struct {
	d       *jsontext.Decoder
	reader  *limitedReader
	started bool
}

func newInput(r io.Reader) *input {
	m := &limitedReader{r: bufio.NewReaderSize(r, readSize), left: maxText}
	return &input{d: jsontext.NewDecoder(m), reader: m}
}

// limitedReader bounds what may be read in one piece, and remembers when reading itself
// went wrong, which the parser's error doesn't always show.
type limitedReader struct {
	r    io.Reader
	left int // bytes until the piece is too large
	err  error
}

func (m *limitedReader) Read(p []byte) (int, error) {
	if m.left <= 0 {
		m.err = problem(tenancy.CodeTooLarge, "", "a part of the bundle has more than %d bytes",
			maxText)
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.left -= n
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

// resetLimit begins the next piece that maxText bounds.
func (in *input) resetLimit() { in.reader.left = maxText }

// errorf is an error at the value that was read last.
func (in *input) errorf(code tenancy.Code, format string, args ...any) error {
	return problem(code, in.d.StackPointer(), format, args...)
}

// readError explains an error of the parser.
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

// typeError is the error for the next value, which isn't what it should be.
func (in *input) typeError(what string) error {
	if err := in.d.SkipValue(); err != nil {
		return in.readError(err)
	}
	if in.d.StackPointer() == "" {
		return in.errorf(tenancy.CodeInvalid, "a bundle must be %s", what)
	}
	return in.errorf(tenancy.CodeInvalid, "must be %s", what)
}

// open reads the bracket that begins an object or array.
func (in *input) open(bracket jsontext.Kind, what string) error {
	if in.d.PeekKind() != bracket {
		return in.typeError(what)
	}
	return in.readBracket()
}

// readBracket reads the bracket that comes next.
func (in *input) readBracket() error {
	if _, err := in.d.ReadToken(); err != nil {
		return in.readError(err)
	}
	return nil
}

// more reports whether something follows before the bracket.
func (in *input) more(bracket jsontext.Kind) bool {
	in.resetLimit()
	return in.d.PeekKind() != bracket
}

// object reads an object. member is called behind the name of each member that
// is one of known, unknown behind any other; without it that is
// [tenancy.CodeUnknownField]. The first error ends it. missing is the error for
// known members that aren't there, for the caller to answer in its turn.
func (in *input) object(
	known []string, member func(name string) error, unknown func() error,
) (missing, err error) {
	if err := in.open(jsontext.KindBeginObject, "an object"); err != nil {
		return nil, err
	}
	seen := make([]bool, len(known))
	for in.d.PeekKind() != jsontext.KindEndObject {
		name, err := in.text()
		if err != nil {
			return nil, err
		}
		i := slices.Index(known, name)
		switch {
		case i >= 0:
			seen[i] = true
			err = member(name)
		case unknown != nil:
			err = unknown()
		default:
			err = in.errorf(tenancy.CodeUnknownField, "is no member of this")
		}
		if err != nil {
			return nil, err
		}
	}
	if err := in.readBracket(); err != nil {
		return nil, err
	}
	var p problems
	for i, name := range known {
		if !seen[i] {
			p.invalid(in.d.StackPointer().AppendToken(name), "is missing")
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
		return "", in.errorf(tenancy.CodeInvalidJSON, "has the character U+0000: remove it")
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

// value reads a whole value of one kind. It is valid until the next read.
func (in *input) value(kind jsontext.Kind, what string) (jsontext.Value, error) {
	if in.d.PeekKind() != kind {
		return nil, in.typeError(what)
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

// skip passes over a value, of any size.
func (in *input) skip() error {
	if err := in.d.SkipValue(); err != nil {
		return in.readError(err)
	}
	return nil
}

// end makes sure that nothing follows.
func (in *input) end() error {
	_, err := in.d.ReadToken()
	switch {
	case errors.Is(err, io.EOF) && in.reader.err == nil:
		return nil
	case err != nil:
		return in.readError(err)
	default:
		return problem(tenancy.CodeInvalidJSON, "", "has something behind its end")
	}
}
