package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// printJSON writes v as one line.
func (t terminal) printJSON(v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printLine writes one line for people.
func (t terminal) printLine(format string, args ...any) {
	fmt.Fprintf(t.out, format+"\n", args...)
}

// note writes one line that is no part of the output.
func (t terminal) note(format string, args ...any) {
	fmt.Fprintf(t.err, format+"\n", args...)
}

// progress counts bytes on the way. It draws on standard error, and only when
// that is a terminal.
type progress struct {
	bar *progressbar.ProgressBar // nil: nobody looks
}

// progress begins to count up to size bytes; -1 when nobody knows how many.
func (t terminal) progress(what string, size int64) progress {
	f, ok := t.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return progress{}
	}
	return progress{bar: progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

// reader counts what is read from r.
func (p progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	return io.TeeReader(r, p.bar)
}

// done takes the bar away.
func (p progress) done() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

// rowCount says how many rows.
func rowCount(n int64) string { return strconv.FormatInt(n, 10) + " rows" }
