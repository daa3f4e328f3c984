package promote

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much a spool keeps in memory, in bytes.
const spoolMemory = 1 << 20

// spool keeps what is written to it until it is closed: what fits into
// spoolMemory stays there, more goes to a file that only this process can
// open. The zero spool is empty and ready for use.
type spool struct {
	memory        []byte
	file          *os.File
	fileSize      int64 // bytes in file, all of them before those in memory
	removeOnClose bool  // the file still has a name, which Close removes
}

// Write never keeps p.
func (s *spool) Write(p []byte) (int, error) {
	if len(s.memory)+len(p) <= spoolMemory {
		s.memory = append(s.memory, p...)
		return len(p), nil
	}
	if err := s.flush(s.memory); err != nil {
		return 0, err
	}
	s.memory = s.memory[:0]
	if len(p) <= spoolMemory {
		s.memory = append(s.memory, p...)
		return len(p), nil
	}
	return len(p), s.flush(p)
}

func (s *spool) flush(p []byte) error {
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	n, err := s.file.Write(p)
	s.fileSize += int64(n)
	if err != nil {
		return fmt.Errorf("promote: write a temporary file: %w", err)
	}
	return nil
}

// open makes the file, readable for its owner alone, and takes its name away
// at once, so that it is gone however the process ends. Where a file in use
// keeps its name, Close removes it.
func (s *spool) open() error {
	f, err := os.CreateTemp("", "bailiwick-*.spool")
	if err != nil {
		return fmt.Errorf("promote: make a temporary file: %w", err)
	}
	s.file = f
	s.removeOnClose = os.Remove(f.Name()) != nil
	return nil
}

// size is the number of bytes written.
func (s *spool) size() int64 { return s.fileSize + int64(len(s.memory)) }

// reader reads everything from the beginning. Several may read at once, as
// long as nobody writes.
func (s *spool) reader() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.memory)
	}
	return io.MultiReader(io.NewSectionReader(s.file, 0, s.fileSize), bytes.NewReader(s.memory))
}

// Close gives everything back. A second Close does nothing.
func (s *spool) Close() error {
	s.memory = nil
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file, s.fileSize = nil, 0
	err := f.Close()
	if s.removeOnClose {
		return os.Remove(f.Name())
	}
	return err
}
