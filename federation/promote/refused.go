package promote

import (
	"errors"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// refusedItems are the first fault of each item that a bundle can't carry: at most
// [federation.MaxDetails] and one more, which shows that there are more.
type refusedItems []tenancy.Detail

// add adds an item and why it is refused. It returns an error that isn't about the item.
func (r *refusedItems) add(ref federation.Ref, fault error) error {
	e, ok := errors.AsType[*tenancy.Error](fault)
	if !ok || len(e.Details) == 0 {
		return fault
	}
	if len(*r) <= federation.MaxDetails {
		detail := e.Details[0]
		detail.Path = ref.Pointer() + detail.Path
		*r = append(*r, detail)
	}
	return nil
}

// err returns one error for all items, nil if none was refused.
func (r refusedItems) err() error {
	if len(r) == 0 {
		return nil
	}
	e := tenancy.Errorf(tenancy.CodeInvalid, "a bundle can't carry the items in errors: mend each by"+
		" a PUT, or export a selection without them")
	federation.SetDetails(e, r)
	return e
}
