package federation

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var itemMembers = memberNames{
	required: []string{"digest", "kind", "labels", "name", "spec", "updated_at", "version"}}

// bundleItem is an item as a bundle contains it.
type bundleItem struct {
	Item
	updatedAt string
	inexact   *tenancy.Error // names the numbers of the spec that were rounded
}

// item reads the next item. It verifies the digest before it validates the
// content.
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
			"doesn't match its digest: the item was changed after the export")
	}
	if raw.inexact != nil {
		return Item{}, raw.inexact
	}
	if item.UpdatedAt, err = parseTime(raw.updatedAt); err != nil {
		return Item{}, b.in.errorf(tenancy.CodeInvalid, "updated_at must be an RFC 3339 time")
	}
	if b.digests.Count() > 0 && b.last.Compare(item.Ref) >= 0 {
		return Item{}, b.in.errorf(tenancy.CodeInvalid,
			"is out of order or a repetition: items must be sorted by kind and name, each once")
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

// readSpec reads a spec and makes it canonical. It keeps the error for inexact numbers
// until the digest is verified.
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
		return in.errorf(tenancy.CodeTooLarge, specTooLarge, MaxSpec)
	}
	i.Spec = spec
	return nil
}

// parseTime parses an RFC 3339 time whose year in UTC is 1 to 9999, and truncates
// it to microseconds.
func parseTime(text string) (time.Time, error) {
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, err
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, tenancy.Errorf(tenancy.CodeInvalid, "the year must be 1 to 9999")
	}
	return t, nil
}
