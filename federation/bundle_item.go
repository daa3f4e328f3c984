package federation

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var itemMembers = []string{"digest", "kind", "labels", "name", "spec", "updated_at", "version"}

// bundleItem is an item as it stands in a bundle.
type bundleItem struct {
	Item
	updatedAt string
	inexact   *tenancy.Error // the spec has numbers that were rounded
}

// item reads and verifies the next item: first that it is what was exported,
// then what it says.
func (b *BundleReader) item() (Item, error) {
	var raw bundleItem
	missing, err := b.in.object(itemMembers,
		func(name string) error { return raw.member(b.in, name) }, nil)
	if err != nil {
		return Item{}, err
	}
	if missing != nil {
		return Item{}, missing
	}
	item := raw.sealed(raw.Spec)
	if item.Digest != raw.Digest {
		return Item{}, b.in.errorf(tenancy.CodeDigestMismatch,
			"isn't what its digest says: the item is not what was exported")
	}
	if raw.inexact != nil {
		return Item{}, raw.inexact
	}
	if item.UpdatedAt, err = parseTime(raw.updatedAt); err != nil {
		return Item{}, b.in.errorf(tenancy.CodeInvalid, "updated_at must be a time of RFC 3339")
	}
	if b.digests.Count() > 0 && b.last.Compare(item.Ref) >= 0 {
		return Item{}, b.in.errorf(tenancy.CodeInvalid,
			"must come behind the item before it in the order of kind and name, each once")
	}
	b.last = item.Ref
	b.digests.Add(item.Digest)
	return item, nil
}

func (i *bundleItem) member(in *input, name string) (err error) {
	switch name {
	case "digest":
		var digest string
		digest, err = in.text()
		i.Digest = Digest(digest)
	case "kind":
		i.Kind, err = in.text()
	case "labels":
		i.Labels, err = in.labels()
	case "name":
		i.Name, err = in.text()
	case "spec":
		err = i.readSpec(in)
	case "updated_at":
		i.updatedAt, err = in.text()
	case "version":
		i.Version, err = in.integer(1)
	}
	return err
}

func (i *bundleItem) readSpec(in *input) error {
	raw, err := in.value(jsontext.KindBeginObject, "an object")
	if err != nil {
		return err
	}
	at := in.d.StackPointer()
	spec, e := canonical(raw)
	switch {
	case e == nil:
	case e.Code == tenancy.CodeInexactNumber:
		i.inexact = prefixPaths(at, e)
	default:
		return prefixPaths(at, e)
	}
	if len(spec) > MaxSpec {
		return in.errorf(tenancy.CodeTooLarge, "must have at most %d bytes", MaxSpec)
	}
	i.Spec = spec
	return nil
}

// parseTime reads an RFC 3339 time whose year, in UTC, has four digits, and
// drops what is finer than a microsecond.
func parseTime(text string) (time.Time, error) {
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, err
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, tenancy.Errorf(tenancy.CodeInvalid, "a year has four digits")
	}
	return t, nil
}
