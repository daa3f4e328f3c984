package terminal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Standard is the file name that means standard input or standard output.
const Standard = "-"

// The byte order marks that editors on some systems write before a text.
var (
	markUTF8    = []byte("\uFEFF")
	markUTF16LE = []byte{0xFF, 0xFE}
	markUTF16BE = []byte{0xFE, 0xFF}
)

// Open opens a text file for reading, without its byte order mark. The name "-" is standard
// input. A missing file and a directory are usage errors.
func (t Terminal) Open(name string) (io.ReadCloser, error) {
	if name == Standard {
		if t.In == nil {
			return nil, Usagef("standard input is empty")
		}
		in, err := skipMark(t.In, "standard input")
		return io.NopCloser(in), err
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Usagef("%s: no such file", name)
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		f.Close()
		if err == nil {
			err = Usagef("%s is a directory: name a file", name)
		}
		return nil, err
	}
	in, err := skipMark(f, name)
	if err != nil {
		f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{in, f}, nil
}

// skipMark returns r without the byte order mark of UTF-8. Text in UTF-16 is an error.
func skipMark(r io.Reader, name string) (io.Reader, error) {
	in := bufio.NewReader(r)
	start, err := in.Peek(len(markUTF8))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	switch {
	case bytes.HasPrefix(start, markUTF8):
		_, err = in.Discard(len(markUTF8))
		return in, err
	case bytes.HasPrefix(start, markUTF16LE), bytes.HasPrefix(start, markUTF16BE):
		return nil, fmt.Errorf("%s is UTF-16: save it as UTF-8", name)
	}
	return in, nil
}

// Spool copies a text to a temporary file, whose reading starts at its beginning. The file
// has no name any more and ends with Close.
func (t Terminal) Spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "bailiwick-*")
	if err != nil {
		return nil, err
	}
	if err = os.Remove(f.Name()); err == nil {
		if _, err = io.Copy(f, r); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// WriteFile writes a file by write. A regular file appears only when it is complete; what
// was there before stays otherwise. The name "-" is standard output, and a device or a pipe
// is written directly. A directory is a usage error. The error of a failed write names the
// file.
func (t Terminal) WriteFile(name string, write func(io.Writer) error) error {
	if name == Standard {
		return writeTo(t.Out, "", write) // the error of this output names it
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return Usagef("%s is a directory: name a file in it", name)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(writeTo(f, name, write), f.Close())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return replaceFile(name, write)
}

// replaceFile writes to a temporary file in the same directory, which then takes the name.
func replaceFile(name string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, ".bailiwick-*.partial")
	if errors.Is(err, fs.ErrNotExist) {
		return Usagef("%s: no such directory", dir)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err = writeTo(f, name, write); err != nil {
		return err
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// writeTo runs write. If the output fails, the error is that, whatever write makes of it.
func writeTo(w io.Writer, name string, write func(io.Writer) error) error {
	out := &failing{w: w}
	err := write(out)
	switch {
	case out.err == nil:
		return err
	case name == "":
		return out.err
	}
	return fmt.Errorf("writing %s: %w", name, cause(out.err))
}

// failing remembers the first error of an output.
type failing struct {
	w   io.Writer
	err error
}

// Write writes until the first error.
func (f *failing) Write(b []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.w.Write(b)
	f.err = err
	return n, err
}

// cause returns an error of a file without the path in it.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
