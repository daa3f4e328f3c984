package promote

import (
	"errors"
	"fmt"
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// incomingBundle is a bundle that is being checked. The reader verifies the
// digest of each item as the bundle contains it. The store stages and compares
// the item in normal form, in which absent fields have their defaults.
type incomingBundle struct {
	kinds  *federation.Kinds
	bundle *federation.BundleReader
}

// items yields the bundle's items in normal form. The first error ends it.
func (in *incomingBundle) items() iter.Seq2[federation.Item, error] {
	return func(yield func(federation.Item, error) bool) {
		for item, err := range in.bundle.Items() {
			if err == nil {
				item, err = in.check(item)
			}
			if err != nil {
				yield(federation.Item{}, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// check validates an item against its kind and returns it in normal form.
func (in *incomingBundle) check(item federation.Item) (federation.Item, error) {
	if _, known := in.kinds.Kind(item.Kind); !known {
		return item, locateError(item.Ref,
			tenancy.Errorf(tenancy.CodeInvalid, "this registry has no kind %q", item.Kind))
	}
	if err := in.kinds.RefuseSecretValues(item); err != nil {
		return item, locateError(item.Ref, err)
	}
	checked, err := in.kinds.Check(item)
	if err != nil {
		return item, locateError(item.Ref, err)
	}
	return checked, nil
}

// locateError adds the item that err is about: it prepends kind and name to the
// message and /KIND/NAME to each path.
func locateError(ref federation.Ref, err error) error {
	e, ok := errors.AsType[*tenancy.Error](err)
	if !ok {
		return fmt.Errorf("promote: check %s %q: %w", ref.Kind, ref.Name, err)
	}
	located := *e
	located.Message = fmt.Sprintf("%s %q: %s", ref.Kind, ref.Name, e.Message)
	prefix := ref.Pointer()
	located.Details = make([]tenancy.Detail, 0, max(1, len(e.Details)))
	for _, d := range e.Details {
		d.Path = prefix + d.Path
		located.Details = append(located.Details, d)
	}
	if len(e.Details) == 0 {
		located.Details = append(located.Details,
			tenancy.Detail{Path: prefix, Code: e.Code, Detail: e.Message})
	}
	return &located
}
