package promote

import (
	"cmp"
	"context"
	"io"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Exported is a complete export. The caller must close it.
type Exported struct {
	federation.Manifest
	Size  int64 // of the bundle, in bytes
	items *spool
}

// Export reads the items of tenant that sel selects, from one snapshot, and
// returns after it has read all of them. So an [Exported] is complete, and its
// size and digest are known before it is written. Two exports of an unchanged
// tenant have the same bytes. A version above [federation.MaxVersion] is written as
// MaxVersion, since no import accepts a greater one.
//
// If items hold what no tenant could import, from before the library managed them, the
// error names each of them, at most 100 (if there are more, its member "truncated" is true),
// and nothing is exported: a bundle is never partial without notice. The other errors are
// those of [ports.Transfers] and those of the temporary file, such as a full disk.
func (s *Service) Export(
	ctx context.Context, tenant tenancy.Tenant, sel ports.Selection,
) (*Exported, error) {
	items, err := s.space.open(tenant.ID)
	if err != nil {
		return nil, err
	}
	digester := federation.NewDigester()
	var line []byte
	var refused refusedItems
	err = s.ports.Transfers.Export(ctx, tenant.ID, sel, func(item federation.Item) error {
		if err := s.ports.Kinds.CheckStored(item); err != nil {
			return refused.add(item.Ref, err)
		}
		item.Version = min(item.Version, federation.MaxVersion)
		line = line[:0]
		if digester.Count() > 0 {
			line = append(line, ',')
		}
		line = item.AppendJSON(line)
		digester.Add(item.Digest)
		_, err := items.Write(line)
		return err
	})
	if err = cmp.Or(err, refused.err()); err != nil {
		items.Close()
		return nil, err
	}
	e := &Exported{
		Manifest: federation.Manifest{
			FormatVersion: federation.BundleVersion,
			Source:        federation.Source{Instance: s.ports.Instance, Tenant: string(tenant.Slug)},
			Count:         digester.Count(),
			Digest:        digester.Sum(),
		},
		items: items,
	}
	if err := s.sign(ctx, &e.Manifest); err != nil {
		items.Close()
		return nil, err
	}
	var frame countingWriter
	if err := e.Manifest.Write(&frame, strings.NewReader("")); err != nil {
		items.Close()
		return nil, err
	}
	e.Size = frame.n + items.size()
	return e, nil
}

// sign signs the manifest, if the installation has a key.
func (s *Service) sign(ctx context.Context, m *federation.Manifest) (err error) {
	if s.ports.InstanceKeys != nil {
		m.Signature, err = s.ports.InstanceKeys.Sign(ctx, *m)
	}
	return err
}

// WriteTo writes the bundle, which has Size bytes, and returns the number of bytes
// written to w. It may be called several times until Close.
func (e *Exported) WriteTo(w io.Writer) (int64, error) {
	count := countingWriter{w: w}
	err := e.Manifest.Write(&count, e.items.reader())
	return count.n, err
}

// Close releases the memory and the temporary file. A second Close does nothing.
func (e *Exported) Close() error { return e.items.Close() }

// countingWriter counts the bytes that it writes to w. A nil w discards them.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	if c.w == nil {
		c.n += int64(len(p))
		return len(p), nil
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
