package load

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// readRows reads the rows of a file: the elements of a JSON array one by one, or the rows of an
// object ([objectRows]). A row is valid until the next iteration. A syntax error, which names
// the byte, ends the iteration.
//
// Errors inside an element, such as a duplicate name, don't end it: only that
// element is invalid, and parseRow refuses it.
func readRows(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		dec := jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true),
			jsontext.AllowInvalidUTF8(true))
		if dec.PeekKind() == '{' {
			yieldObject(dec, yield)
			return
		}
		if err := expectToken(dec, '['); err != nil {
			yield(nil, err)
			return
		}
		for dec.PeekKind() != ']' {
			raw, err := dec.ReadValue()
			if err != nil {
				yield(nil, describeError(dec, err))
				return
			}
			if !yield(raw, nil) {
				return
			}
		}
		if err := expectToken(dec, ']'); err != nil {
			yield(nil, err)
			return
		}
		if _, err := dec.ReadToken(); err != io.EOF {
			yield(nil, fmt.Errorf("byte %d: unexpected data after the array", dec.InputOffset()))
		}
	}
}

// yieldObject yields the rows of a file that is one object.
func yieldObject(dec *jsontext.Decoder, yield func([]byte, error) bool) {
	raw, err := dec.ReadValue()
	if err != nil {
		yield(nil, describeError(dec, err))
		return
	}
	if len(raw) > maxObject {
		yield(nil, fmt.Errorf("the object is larger than %d bytes: load an array", maxObject))
		return
	}
	rows, err := objectRows(raw.Clone())
	if err != nil {
		yield(nil, err)
		return
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		yield(nil, fmt.Errorf("byte %d: unexpected data after the object", dec.InputOffset()))
		return
	}
	for _, row := range rows {
		if !yield(row, nil) {
			return
		}
	}
}

// expectToken reads a token and requires its kind.
func expectToken(dec *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := dec.ReadToken()
	if err != nil {
		return describeError(dec, err)
	}
	if token.Kind() != kind {
		return fmt.Errorf("byte 0: expected a JSON array of rows or an object, got a JSON %s", token.Kind())
	}
	return nil
}

// describeError adds to a decoder's error the byte where it occurred.
func describeError(dec *jsontext.Decoder, err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("byte %d: the file is incomplete", dec.InputOffset())
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("byte %d: not JSON: %w", syntax.ByteOffset, syntax.Err)
	}
	return fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
}
