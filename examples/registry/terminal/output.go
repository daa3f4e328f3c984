package terminal

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/term"
)

// PrintJSON writes v to standard output as one line of JSON.
func (t Terminal) PrintJSON(v any) error {
	enc := json.NewEncoder(t.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// PrintLine writes one line of text to standard output.
func (t Terminal) PrintLine(format string, args ...any) {
	fmt.Fprintf(t.Out, format+"\n", args...)
}

// Note writes one line to standard error: it isn't part of the output.
func (t Terminal) Note(format string, args ...any) {
	fmt.Fprintf(t.Err, format+"\n", args...)
}

// File returns the file of an input or output that is a terminal. It reports
// false for pipes, other files and buffers.
func File(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
