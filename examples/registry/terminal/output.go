package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
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

// Progress shows how many bytes were transferred. It draws on standard error,
// and only if that is a terminal.
type Progress struct {
	bar *progressbar.ProgressBar // nil: standard error isn't a terminal
}

// Progress starts a progress bar of size bytes; -1 means that the size is unknown.
func (t Terminal) Progress(title string, size int64) Progress {
	f, ok := File(t.Err)
	if !ok {
		return Progress{}
	}
	return Progress{bar: progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(title),
		progressbar.OptionShowBytes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

// Reader returns a reader of r that advances the bar.
func (p Progress) Reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	return io.TeeReader(r, p.bar)
}

// Done removes the bar.
func (p Progress) Done() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
