package main

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// readRows reads the elements of a JSON array one by one, each valid until the
// next is asked for. An error, which says at which byte, ends it.
//
// What is wrong within an element, such as a name that stands there twice, is
// no reason to end: it is the element's own fault, and the next may be right.
func readRows(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		dec := jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true),
			jsontext.AllowInvalidUTF8(true))
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
			yield(nil, fmt.Errorf("byte %d: something follows the array", dec.InputOffset()))
		}
	}
}

func expectToken(dec *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := dec.ReadToken()
	if err != nil {
		return describeError(dec, err)
	}
	if token.Kind() != kind {
		return fmt.Errorf("byte 0: a JSON array of rows is expected, not a JSON %s", token.Kind())
	}
	return nil
}

// describeError says where a file stops being an array of rows.
func describeError(dec *jsontext.Decoder, err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("byte %d: the file is cut off", dec.InputOffset())
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("byte %d: not JSON: %w", syntax.ByteOffset, syntax.Err)
	}
	return fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
}
