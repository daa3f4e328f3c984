package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
)

const (
	maxSpool  = 256 << 20 // bytes of an uploaded bundle: the API's default limit
	maxSpools = 4         // uploads that are on the disk at once
)

// spool is an uploaded bundle in a temporary file. It is there until its digest is known,
// because an import can't be taken back.
type spool struct {
	*os.File
	sum   string
	leave func()
}

// spool stores a bundle. The caller must close the result.
func (i *importer) spool(from io.Reader) (*spool, error) {
	select {
	case i.spools <- struct{}{}:
	default:
		return nil, errBusy
	}
	leave := func() { <-i.spools }
	file, err := os.CreateTemp("", "bailiwick-upload-*")
	if err != nil {
		leave()
		return nil, err
	}
	s := &spool{File: file, leave: leave}
	if err := s.fill(from); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// fill writes the bundle and goes back to its start.
func (s *spool) fill(from io.Reader) error {
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(s.File, digest), io.LimitReader(from, maxSpool+1))
	switch {
	case err != nil:
		return err
	case n > maxSpool:
		return errLong
	}
	s.sum = hex.EncodeToString(digest.Sum(nil))
	_, err = s.Seek(0, io.SeekStart)
	return err
}

// Close removes the file.
func (s *spool) Close() error {
	defer s.leave()
	return errors.Join(s.File.Close(), os.Remove(s.Name()))
}
