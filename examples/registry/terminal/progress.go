package terminal

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// Progress shows what a command waits for. It draws on standard error, and only if that is
// a terminal. The zero Progress draws nothing.
type Progress struct{ drawing *drawing }

// drawing is a bar, then perhaps a spinner. Its lock is needed because net/http reads a
// body in another goroutine.
type drawing struct {
	mu    sync.Mutex
	out   *os.File
	title string
	bar   *progressbar.ProgressBar
	done  bool
}

// Progress starts a progress bar of size bytes; -1 means that the size is unknown.
func (t Terminal) Progress(title string, size int64) Progress {
	f, ok := File(t.Err)
	if !ok {
		return Progress{}
	}
	return Progress{&drawing{out: f, title: title, bar: newBar(f, title, size, true)}}
}

// Working starts a spinner with the elapsed time, for work that happens elsewhere.
func (t Terminal) Working(title string) Progress {
	f, ok := File(t.Err)
	if !ok {
		return Progress{}
	}
	return Progress{&drawing{out: f, title: title, bar: newSpinner(f, title)}}
}

func newBar(f *os.File, title string, size int64, bytes bool) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(title),
		progressbar.OptionShowBytes(bytes),
		progressbar.OptionClearOnFinish(),
	)
}

// newSpinner returns a bar without an end. The library draws it every 100 ms until it is
// finished.
func newSpinner(f *os.File, title string) *progressbar.ProgressBar {
	bar := newBar(f, title, -1, false)
	_ = bar.RenderBlank()
	return bar
}

// Reader returns a reader of r that advances the bar. When r ends, a spinner follows the
// bar until Done: who sent r now waits for the other side's work.
func (p Progress) Reader(r io.Reader) io.Reader {
	if p.drawing == nil {
		return r
	}
	return &progressReader{r, p.drawing}
}

type progressReader struct {
	io.Reader
	drawing *drawing
}

// Read advances the bar by what was read.
func (r *progressReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.drawing.advance(n, errors.Is(err, io.EOF))
	return n, err
}

// advance moves the bar, and at the end replaces it by a spinner.
func (d *drawing) advance(n int, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done {
		return
	}
	_ = d.bar.Add(n)
	if ended {
		_ = d.bar.Finish()
		d.bar = newSpinner(d.out, d.title+": the registry is working")
	}
}

// Done removes the bar.
func (p Progress) Done() {
	if p.drawing == nil {
		return
	}
	p.drawing.mu.Lock()
	defer p.drawing.mu.Unlock()
	p.drawing.done = true
	_ = p.drawing.bar.Finish()
}
