package promote

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// spoolMemory is the maximum size of a spool's memory, in bytes. It is small, because each
// client that sends or reads slowly has a spool.
const spoolMemory = 128 << 10

// spool keeps the data written to it until it is closed. It keeps up to
// spoolMemory bytes in memory and writes more to a temporary file without a name.
// It is made by [spoolSpace.open] and counts there.
type spool struct {
	space         *spoolSpace
	tenant        tenancy.ID
	closed        bool
	memory        []byte   // the last bytes written
	file          *os.File // all bytes before those in memory
	fileSize      int64
	removeOnClose bool // the file still has a name
}

// Write appends p. It doesn't retain p.
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

// flush appends p to the file, which it creates if necessary.
func (s *spool) flush(p []byte) error {
	if err := s.space.reserve(s.tenant, s.fileSize, int64(len(p))); err != nil {
		return err
	}
	s.fileSize += int64(len(p)) // reserved, even if less is written
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if _, err := s.file.Write(p); err != nil {
		return fmt.Errorf("promote: write a temporary file: %w", err)
	}
	return nil
}

// open creates the file, readable only by its owner, and removes its name at
// once, so that the file disappears even if the process is killed. On systems
// that can't remove the name of an open file, Close removes it.
func (s *spool) open() error {
	f, err := os.CreateTemp("", "bailiwick-*.spool")
	if err != nil {
		return fmt.Errorf("promote: create a temporary file: %w", err)
	}
	s.file = f
	s.removeOnClose = os.Remove(f.Name()) != nil
	return nil
}

// size returns the number of bytes written.
func (s *spool) size() int64 { return s.fileSize + int64(len(s.memory)) }

// reader returns a reader for all data from the beginning. Several readers may be
// used concurrently while no Write happens.
func (s *spool) reader() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.memory)
	}
	return io.MultiReader(io.NewSectionReader(s.file, 0, s.fileSize), bytes.NewReader(s.memory))
}

// Close releases the memory and the file. A second Close does nothing.
func (s *spool) Close() error {
	if s.closed {
		return nil
	}
	s.space.release(s.tenant, s.fileSize)
	f := s.file
	s.closed, s.memory, s.file, s.fileSize = true, nil, nil, 0
	if f == nil {
		return nil
	}
	err := f.Close()
	if s.removeOnClose {
		return os.Remove(f.Name())
	}
	return err
}
