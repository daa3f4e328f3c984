package federation

import (
	"io"
	"strconv"
)

// The form of a bundle.
const (
	BundleFormat    = "bailiwick.bundle"
	BundleVersion   = 1 // the only version written, and the highest one read
	BundleMediaType = "application/vnd.bailiwick.bundle+json"
)

// Source says where a bundle was exported.
type Source struct {
	Instance string // the installation's id, a UUID
	Tenant   string // the tenant's slug
}

// Manifest is what a bundle says of itself. Digest covers the digests of the
// items in their order; see [Digester]. Nothing covers Source.
type Manifest struct {
	Source Source
	Count  int
	Digest Digest
}

// Write writes a whole bundle in canonical form. What it copies from items must
// be the items as [Item.AppendJSON] writes them, in the strictly ascending order
// of [Ref.Compare], with a comma between each two, and be m.Count of them with
// the digest m.Digest. An error is that of w or of items.
func (m Manifest) Write(w io.Writer, items io.Reader) error {
	head := strconv.AppendInt([]byte(`{"count":`), int64(m.Count), 10)
	head = appendString(append(head, `,"digest":`...), string(m.Digest))
	head = append(head, `,"format":"`+BundleFormat+`","format_version":`+
		strconv.Itoa(BundleVersion)+`,"items":[`...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := io.Copy(w, items); err != nil {
		return err
	}
	tail := appendString([]byte(`],"source":{"instance":`), m.Source.Instance)
	tail = appendString(append(tail, `,"tenant":`...), m.Source.Tenant)
	_, err := w.Write(append(tail, "}}"...))
	return err
}
