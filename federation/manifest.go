package federation

import (
	"cmp"
	"encoding/base64"
	"io"
	"strconv"
)

// The format of a bundle.
const (
	BundleFormat    = "bailiwick.bundle"
	BundleVersion   = 2 // the version of new bundles, and the highest one read
	BundleMediaType = "application/vnd.bailiwick.bundle+json"
)

// bundleVersion1 has neither a revision nor a signature.
const bundleVersion1 = 1

// Source identifies the tenant from which a bundle was exported.
type Source struct {
	Instance string // the installation's id, a UUID
	Tenant   string // the tenant's slug

	// Revision is the number of changes that were committed to the tenant's items before
	// the export; 0 if it isn't known. A bundle of version 1 has none.
	Revision int64
}

// Manifest describes a bundle. Digest covers the digests of the items in their
// order; see [Digester]. Only the signature covers Source; see [Manifest.SignedText].
type Manifest struct {
	FormatVersion int // 1 or 2. Defaults to [BundleVersion]
	Source        Source
	Count         int
	Digest        Digest
	Signature     Signature // zero if the bundle isn't signed; always in version 1
}

// Write writes a whole bundle in canonical form. It copies the items from the
// reader items, which must yield m.Count items with the digest m.Digest in the
// form of [Item.AppendJSON], in strictly ascending order of [Ref.Compare],
// separated by commas. Write returns the errors of w and of items.
func (m Manifest) Write(w io.Writer, items io.Reader) error {
	if _, err := w.Write(append(m.appendHead(nil), `,"items":[`...)); err != nil {
		return err
	}
	if _, err := io.Copy(w, items); err != nil {
		return err
	}
	tail := []byte{']'}
	if !m.Signature.IsZero() && m.version() > bundleVersion1 {
		tail = m.Signature.appendJSON(append(tail, `,"signature":`...))
	}
	_, err := w.Write(append(m.appendSource(tail), '}'))
	return err
}

func (m Manifest) version() int { return cmp.Or(m.FormatVersion, BundleVersion) }

// appendHead appends the members before the items, without the closing bracket.
func (m Manifest) appendHead(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"count":`...), int64(m.Count), 10)
	b = appendString(append(b, `,"digest":`...), string(m.Digest))
	b = append(b, `,"format":"`+BundleFormat+`","format_version":`...)
	return strconv.AppendInt(b, int64(m.version()), 10)
}

// appendSource appends the last member, without the closing bracket of the bundle.
func (m Manifest) appendSource(b []byte) []byte {
	b = appendString(append(b, `,"source":{"instance":`...), m.Source.Instance)
	if m.version() > bundleVersion1 {
		b = strconv.AppendInt(append(b, `,"revision":`...), m.Source.Revision, 10)
	}
	b = appendString(append(b, `,"tenant":`...), m.Source.Tenant)
	return append(b, '}')
}

// Signature is an Ed25519 signature (RFC 8032) over [Manifest.SignedText]. Package trust makes and
// verifies it.
type Signature struct {
	KeyID string // names the key, of 1 to 64 bytes
	Value []byte // 64 bytes
}

// IsZero reports whether there is no signature.
func (s Signature) IsZero() bool { return s.KeyID == "" && len(s.Value) == 0 }

func (s Signature) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"key_id":`...), s.KeyID)
	b = appendString(append(b, `,"value":`...), base64.StdEncoding.EncodeToString(s.Value))
	return append(b, '}')
}

// SignedText returns what a signature covers: the canonical form (RFC 8785) of the bundle
// without its members items and signature.
//
//	{"count":…,"digest":"sha256:…","format":"bailiwick.bundle","format_version":2,
//	 "source":{"instance":"…","revision":…,"tenant":"…"}}
//
// in one line, without the line feed and the spaces shown. The digest covers the items, except
// their version and updated_at, which therefore nothing proves.
func (m Manifest) SignedText() []byte { return append(m.appendSource(m.appendHead(nil)), '}') }
