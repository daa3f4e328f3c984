package federation

import (
	"errors"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errStopped ends the reading when the loop over the items was left.
var errStopped = errors.New("federation: the reading was stopped")

// BundleReader reads a bundle as a stream: its memory doesn't grow with the
// number of items.
type BundleReader struct {
	in           *input
	manifest     Manifest // as it stands in the bundle
	versionKnown bool     // format_version has been read, and is ours
	unknownErr   error    // an unknown member met before the version
	digests      *Digester
	last         Ref
	complete     bool
}

// ReadBundle begins to read a bundle from r. Nothing is read before
// [BundleReader.Items].
func ReadBundle(r io.Reader) *BundleReader {
	return &BundleReader{in: newInput(r), digests: NewDigester()}
}

// Items yields the items, sealed, each with its digest verified. Only when the
// loop has ended without an error is the bundle whole, and what was read of it
// worth anything. An error comes with the zero Item and ends the loop:
//
//   - An error of the reader itself is wrapped: [errors.Is] and [errors.As]
//     find it.
//   - What isn't I-JSON (see [Canonical]), a bundle that is cut off or that has
//     something behind it, is [tenancy.CodeInvalidJSON].
//   - A format_version above [BundleVersion] is
//     [tenancy.CodeUnsupportedVersion], before anything that comes behind it
//     in the bundle, and before unknown members anywhere in front of it.
//   - A member that the format doesn't have is [tenancy.CodeUnknownField].
//   - A member that is missing or has the wrong type, another format, items
//     that aren't in strictly ascending order of [Ref.Compare], or an item's
//     version or time that can't be are [tenancy.CodeInvalid].
//   - The wrong digest of an item, count or digest of the bundle are
//     [tenancy.CodeDigestMismatch]. An item's digest is looked at before what
//     the item says.
//   - A number that a double can't hold is [tenancy.CodeInexactNumber] if the
//     item's digest is right for it as RFC 8785 rounds it, else
//     CodeDigestMismatch.
//   - An item of more than 64 MiB of text is [tenancy.CodeTooLarge].
//
// Members may stand in any order and with any white space: digests cover what
// the JSON says, not how it is written. They cover kind, name, labels and spec
// of the items, not their version and updated_at, and not the bundle's source.
// Items can be called once.
func (b *BundleReader) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		err := b.read(yield)
		if err == nil {
			b.complete = true
			return
		}
		if !errors.Is(err, errStopped) {
			yield(Item{}, err)
		}
	}
}

// Manifest answers what the bundle says of itself. It is zero until the loop
// over [BundleReader.Items] has ended without an error.
func (b *BundleReader) Manifest() Manifest {
	if !b.complete {
		return Manifest{}
	}
	return b.manifest
}

var bundleMembers = []string{"count", "digest", "format", "format_version", "items", "source"}

func (b *BundleReader) read(yield func(Item, error) bool) error {
	if b.in.started {
		return tenancy.Errorf(tenancy.CodeInternal, "a bundle can be read only once")
	}
	b.in.started = true
	missing, err := b.in.object(bundleMembers,
		func(name string) error { return b.member(name, yield) }, b.unknownMember)
	if err != nil {
		return err
	}
	if b.unknownErr != nil {
		return b.unknownErr
	}
	if missing != nil {
		return missing
	}
	if err := b.in.end(); err != nil {
		return err
	}
	return b.verify()
}

// unknownMember keeps the error until the version is known: a newer format may
// well have more members.
func (b *BundleReader) unknownMember() error {
	err := b.in.errorf(tenancy.CodeUnknownField, "is no member of a bundle")
	if b.versionKnown || b.unknownErr != nil {
		return err
	}
	b.unknownErr = err
	return b.in.skip()
}

func (b *BundleReader) member(name string, yield func(Item, error) bool) (err error) {
	switch name {
	case "count":
		var count int64
		count, err = b.in.integer(0)
		b.manifest.Count = int(count)
	case "digest":
		var digest string
		digest, err = b.in.text()
		b.manifest.Digest = Digest(digest)
	case "format":
		err = b.format()
	case "format_version":
		err = b.formatVersion()
	case "items":
		err = b.items(yield)
	case "source":
		err = b.source()
	}
	return err
}

func (b *BundleReader) format() error {
	format, err := b.in.text()
	if err == nil && format != BundleFormat {
		return b.in.errorf(tenancy.CodeInvalid, "must be %q", BundleFormat)
	}
	return err
}

func (b *BundleReader) formatVersion() error {
	version, err := b.in.integer(1)
	if err != nil {
		return err
	}
	if version > BundleVersion {
		return b.in.errorf(tenancy.CodeUnsupportedVersion,
			"is newer than %d: import it with a newer release", BundleVersion)
	}
	b.versionKnown = true
	return b.unknownErr
}

func (b *BundleReader) source() error {
	missing, err := b.in.object([]string{"instance", "tenant"}, func(name string) (err error) {
		if name == "instance" {
			b.manifest.Source.Instance, err = b.in.text()
		} else {
			b.manifest.Source.Tenant, err = b.in.text()
		}
		return err
	}, nil)
	if err != nil {
		return err
	}
	return missing
}

func (b *BundleReader) items(yield func(Item, error) bool) error {
	if b.unknownErr != nil {
		return b.unknownErr // nothing is staged for a bundle that is refused anyway
	}
	if err := b.in.open(jsontext.KindBeginArray, "an array"); err != nil {
		return err
	}
	for b.in.more(jsontext.KindEndArray) {
		item, err := b.item()
		if err != nil {
			return err
		}
		if !yield(item, nil) {
			return errStopped
		}
	}
	return b.in.readBracket()
}

// verify compares what the bundle says of itself with what was read.
func (b *BundleReader) verify() error {
	if b.manifest.Count != b.digests.Count() {
		return problem(tenancy.CodeDigestMismatch, "/count",
			"isn't the number of items: the bundle is not what was exported")
	}
	if b.manifest.Digest != b.digests.Sum() {
		return problem(tenancy.CodeDigestMismatch, "/digest",
			"isn't the digest of the items: the bundle is not what was exported")
	}
	return nil
}
