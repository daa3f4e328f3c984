package transfer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"strings"
)

// maxCarried limits the bundle that a page carries from the first step to the second, as
// text. The server keeps nothing between two requests, and a page has at most 100 KiB.
const maxCarried = 36 << 10

// received passes a bundle on. It computes its digest, and keeps a compressed copy as long as
// that is short.
type received struct {
	from   io.Reader
	digest hash.Hash
	copy   bytes.Buffer
	zip    *gzip.Writer
	whole  bool // it was read to its end
}

func receive(from io.Reader) *received {
	b := &received{from: from, digest: sha256.New()}
	b.zip = gzip.NewWriter(&b.copy)
	return b
}

// Read implements io.Reader.
func (b *received) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.digest.Write(p[:n])
	if b.copy.Len() <= maxCarried {
		_, _ = b.zip.Write(p[:n]) // a Buffer takes everything
	}
	b.whole = err == io.EOF
	return n, err
}

// sum returns the digest of what was read.
func (b *received) sum() string { return hex.EncodeToString(b.digest.Sum(nil)) }

// carried returns the bundle as text for a hidden field; "" if it is too long, or wasn't read
// to its end.
func (b *received) carried() string {
	if !b.whole || b.zip.Close() != nil || base64.StdEncoding.EncodedLen(b.copy.Len()) > maxCarried {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b.copy.Bytes())
}

// unpack reads a carried bundle. It is what the person sent, so that it may be anything; the
// API limits how much of it is read.
func unpack(carried string) (io.Reader, error) {
	in, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(carried)))
	if err != nil {
		return nil, errForm
	}
	return in, nil
}

// maxUnpacked limits what is read to compute the digest of a carried bundle, in bytes.
const maxUnpacked = 256 << 20

// unpackTried returns a carried bundle if it is the one that was tried.
func unpackTried(carried, tried string) (io.Reader, error) {
	in, err := unpack(carried)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	if n, err := io.Copy(digest, io.LimitReader(in, maxUnpacked+1)); err != nil || n > maxUnpacked {
		return nil, errForm
	}
	if hex.EncodeToString(digest.Sum(nil)) != tried {
		return nil, errNotTried
	}
	return unpack(carried)
}
