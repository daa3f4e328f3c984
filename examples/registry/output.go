package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// printJSON writes v to standard output as one line of JSON.
func (t terminal) printJSON(v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printLine writes one line of text to standard output.
func (t terminal) printLine(format string, args ...any) {
	fmt.Fprintf(t.out, format+"\n", args...)
}

// note writes one line to standard error: it isn't part of the output.
func (t terminal) note(format string, args ...any) {
	fmt.Fprintf(t.err, format+"\n", args...)
}

// asTerminal returns the file of an input or output that is a terminal. It reports
// false for pipes, other files and buffers.
func asTerminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// progress shows how many bytes were transferred. It draws on standard error,
// and only if that is a terminal.
type progress struct {
	bar *progressbar.ProgressBar // nil: standard error isn't a terminal
}

// progress starts a progress bar of size bytes; -1 means that the size is unknown.
func (t terminal) progress(title string, size int64) progress {
	f, ok := asTerminal(t.err)
	if !ok {
		return progress{}
	}
	return progress{bar: progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(title),
		progressbar.OptionShowBytes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

// reader returns a reader of r that advances the bar.
func (p progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	return io.TeeReader(r, p.bar)
}

// done removes the bar.
func (p progress) done() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
