package promote

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkedBundle is a bundle that was read to its end and verified. Its items are in a spool,
// because the client's pace must not decide how long the store's transaction lasts.
type checkedBundle struct {
	spool    *spool
	manifest federation.Manifest
	complete bool // items was read to its end

	requireSecrets bool // by the tenant's settings
}

// receive reads a bundle to its end, without looking at more than its tokens. The caller
// must close the spool.
func (s *Service) receive(tenant tenancy.ID, r io.Reader) (*spool, error) {
	received, err := s.space.open(tenant)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(received, federation.NewCompactReader(r))
	switch {
	case err == nil:
		return received, nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = tenancy.Errorf(tenancy.CodeInvalidJSON, "the bundle is cut off").Because(err)
	case tenancy.CodeOf(err) == tenancy.CodeInternal:
		err = fmt.Errorf("promote: receive the bundle: %w", err)
	}
	received.Close()
	return nil, err
}

// check verifies a received bundle. Few bundles are checked at once, because each check may
// hold an item in memory. The caller must close the result.
func (s *Service) check(
	ctx context.Context, tenant tenancy.ID, received *spool,
) (*checkedBundle, error) {
	leave, err := s.checks.Enter(ctx, tenant)
	if err != nil {
		return nil, err
	}
	defer leave()
	items, err := s.space.open(tenant)
	if err != nil {
		return nil, err
	}
	in := &incomingBundle{kinds: s.ports.Kinds, bundle: federation.ReadBundle(received.reader())}
	var policy trust.Policy
	err = writeItems(ctx, items, in.items())
	if err == nil {
		policy, err = s.checkTrust(ctx, tenant, in.bundle.Manifest())
	}
	if err != nil {
		items.Close()
		return nil, err
	}
	return &checkedBundle{spool: items, manifest: in.bundle.Manifest(),
		requireSecrets: policy.Secrets}, nil
}

func writeItems(
	ctx context.Context, w io.Writer, items iter.Seq2[federation.Item, error],
) error {
	out := gob.NewEncoder(w)
	for item, err := range items {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = out.Encode(item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// items yields the bundle's items in normal form.
func (b *checkedBundle) items() iter.Seq2[federation.Item, error] {
	return func(yield func(federation.Item, error) bool) {
		in := gob.NewDecoder(b.spool.reader())
		for {
			// gob leaves out empty labels
			item := federation.Item{Labels: map[string]string{}}
			err := in.Decode(&item)
			if err == io.EOF {
				b.complete = true
				return
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// Close releases the memory and the temporary file.
func (b *checkedBundle) Close() error { return b.spool.Close() }
