package federation

import (
	"io"
	"strconv"
)

// The format of a bundle.
const (
	BundleFormat    = "bailiwick.bundle"
	BundleVersion   = 1 // the only version written, and the highest one read
	BundleMediaType = "application/vnd.bailiwick.bundle+json"
)

// Source identifies the tenant from which a bundle was exported.
type Source struct {
	Instance string // the installation's id, a UUID
	Tenant   string // the tenant's slug
}

// Manifest describes a bundle. Digest covers the digests of the items in their
// order; see [Digester]. No digest covers Source.
type Manifest struct {
	Source Source
	Count  int
	Digest Digest
}

// Write writes a whole bundle in canonical form. It copies the items from the
// reader items, which must yield m.Count items with the digest m.Digest in the
// form of [Item.AppendJSON], in strictly ascending order of [Ref.Compare],
// separated by commas. Write returns the errors of w and of items.
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
