package specform

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// explain says for people why text isn't JSON that can be stored, with the line of a
// mistake of writing.
func explain(text []byte, err error) string {
	if !utf8.Valid(text) {
		return "Must be UTF-8 text."
	}
	invalid, ok := errors.AsType[*tenancy.Error](err)
	if !ok {
		return "Must be JSON."
	}
	if syntax, line := syntaxError(text); syntax {
		return fmt.Sprintf("Must be JSON. There is a mistake in line %d: %s.", line, invalid.Message)
	}
	if len(invalid.Details) == 0 {
		return "Can't be stored: " + invalid.Message + "."
	}
	where := ""
	if path := invalid.Details[0].Path; path != "" {
		where = " at " + path
	}
	return "Can't be stored: the value" + where + " " + invalid.Details[0].Detail + "."
}

// syntaxError reports whether a parser refuses the text, and the line where it does.
func syntaxError(text []byte) (found bool, line int) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	_, err := d.ReadValue()
	if err == nil {
		rest := text[d.InputOffset():]
		if len(bytes.TrimSpace(rest)) == 0 {
			return false, 0
		}
	}
	at := min(int(d.InputOffset()), len(text))
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = min(int(e.ByteOffset), len(text))
	}
	return true, 1 + bytes.Count(text[:at], []byte("\n"))
}
