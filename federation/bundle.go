package federation

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errStopped ends the reading after the caller has left the loop over the items.
var errStopped = errors.New("federation: reading was stopped")

// BundleReader reads a bundle as a stream. Its memory doesn't grow with the
// number of items.
type BundleReader struct {
	in           *input
	manifest     Manifest // the bundle's statement, not yet verified
	versionKnown bool     // format_version was read and is supported
	hasRevision  bool     // the member /source/revision was read
	hasSignature bool     // the member /signature was read
	unknownErr   error    // for an unknown member before format_version
	digests      *Digester
	last         Ref
	complete     bool
}

// ReadBundle returns a reader for the bundle in r. It reads nothing before the
// loop over [BundleReader.Items].
func ReadBundle(r io.Reader) *BundleReader {
	return &BundleReader{in: newInput(r), digests: NewDigester()}
}

// Items yields the items, sealed, each with its digest verified. The bundle is
// complete and verified only after the loop has ended without an error: discard
// the items otherwise. An error comes with the zero Item and ends the loop:
//
//   - An error of r is wrapped: [errors.Is] and [errors.As] find it.
//   - Text that isn't I-JSON (see [Canonical]), a bundle that is cut off and data
//     after the bundle are [tenancy.CodeInvalidJSON].
//   - A format_version above [BundleVersion] is [tenancy.CodeUnsupportedVersion].
//     This error precedes those of all members after format_version, and of
//     unknown members before it.
//   - An unknown member is [tenancy.CodeUnknownField]. In a bundle of version 1, the
//     revision and the signature are unknown.
//   - A member that is missing or has the wrong type, another format, items that
//     aren't in strictly ascending order of [Ref.Compare], and an item's invalid
//     version or time are [tenancy.CodeInvalid].
//   - A wrong digest of an item, and a wrong count or digest of the bundle, are
//     [tenancy.CodeDigestMismatch]. An item's digest is verified before its
//     content.
//   - A number that a double can't hold exactly is [tenancy.CodeInexactNumber] if
//     the item's digest matches the number as RFC 8785 rounds it, otherwise
//     CodeDigestMismatch.
//   - A signature's value that isn't 64 bytes in base64 is
//     [tenancy.CodeSignatureInvalid].
//   - An item of more than 8 MiB of text or 262,144 members, and a spec larger than
//     [MaxSpec], are [tenancy.CodeTooLarge].
//
// Members may have any order and any white space: digests cover the content of
// the JSON, not its spelling. They cover kind, name, labels and spec of the
// items, but not version and updated_at, and not the bundle's source. The signature
// isn't verified: see package trust. Items may be called once.
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

// Manifest returns the bundle's manifest. It is zero until the loop over
// [BundleReader.Items] has ended without an error.
func (b *BundleReader) Manifest() Manifest {
	if !b.complete {
		return Manifest{}
	}
	return b.manifest
}

const maxKeyID = 64 // bytes

// The members of version 2; checkVersion refuses what isn't in the bundle's version.
var (
	bundleMembers = memberNames{
		required: []string{"count", "digest", "format", "format_version", "items", "source"},
		optional: []string{"signature"}}
	sourceMembers = memberNames{
		required: []string{"instance", "tenant"}, optional: []string{"revision"}}
	signatureMembers = memberNames{required: []string{"key_id", "value"}}
)

// read reads the bundle and verifies it. It returns the error for an unknown member
// only after a supported format_version or the end, and the error for missing
// members last.
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
	if err := b.checkVersion(); err != nil {
		return err
	}
	if err := b.in.end(); err != nil {
		return err
	}
	return b.verify()
}

// unknownMember keeps the error until the version is known: a newer format may
// have more members.
func (b *BundleReader) unknownMember() error {
	err := b.in.errorf(tenancy.CodeUnknownField, unknownMember)
	if b.versionKnown || b.unknownErr != nil {
		return err
	}
	b.unknownErr = err
	return b.in.skip()
}

// member reads the value of a known member.
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
	case "signature":
		err = b.signature()
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

// formatVersion refuses newer versions. Once the version is known to be supported, it
// returns the error of an earlier unknown member, if any.
func (b *BundleReader) formatVersion() error {
	version, err := b.in.integer(1)
	if err != nil {
		return err
	}
	if version > BundleVersion {
		return b.in.errorf(tenancy.CodeUnsupportedVersion,
			"is newer than %d: import it with a newer release", BundleVersion)
	}
	b.manifest.FormatVersion, b.versionKnown = int(version), true
	return b.unknownErr
}

func (b *BundleReader) source() error {
	source := &b.manifest.Source
	missing, err := b.in.object(sourceMembers, func(name string) (err error) {
		switch name {
		case "instance":
			source.Instance, err = b.in.text()
		case "revision":
			b.hasRevision = true
			source.Revision, err = b.in.integer(0)
		case "tenant":
			source.Tenant, err = b.in.text()
		}
		return err
	}, nil)
	return cmp.Or(err, missing)
}

func (b *BundleReader) signature() error {
	b.hasSignature = true
	missing, err := b.in.object(signatureMembers, func(name string) error {
		text, err := b.in.text()
		switch {
		case err != nil:
			return err
		case name == "value":
			b.manifest.Signature.Value, err = base64.StdEncoding.DecodeString(text)
			if err != nil || len(b.manifest.Signature.Value) != ed25519.SignatureSize ||
				base64.StdEncoding.EncodeToString(b.manifest.Signature.Value) != text {
				return b.in.errorf(tenancy.CodeSignatureInvalid,
					"must be the 64 bytes of an Ed25519 signature in base64")
			}
		case text == "" || len(text) > maxKeyID:
			return b.in.errorf(tenancy.CodeInvalid, "must have 1 to %d bytes", maxKeyID)
		default:
			b.manifest.Signature.KeyID = text
		}
		return nil
	}, nil)
	return cmp.Or(err, missing)
}

// checkVersion refuses members that the bundle's version doesn't have, and the lack of those that
// it must have: format_version may come after them.
func (b *BundleReader) checkVersion() error {
	const revision, signature = "/source/revision", "/signature"
	switch first := b.manifest.FormatVersion == bundleVersion1; {
	case first && b.hasRevision:
		return problem(tenancy.CodeUnknownField, revision, unknownMember)
	case first && b.hasSignature:
		return problem(tenancy.CodeUnknownField, signature, unknownMember)
	case !first && !b.hasRevision:
		return problem(tenancy.CodeInvalid, revision, isMissing)
	}
	return nil
}

// items reads the items and yields each after it was verified.
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

// verify compares the manifest with the items that were read.
func (b *BundleReader) verify() error {
	if b.manifest.Count != b.digests.Count() {
		return problem(tenancy.CodeDigestMismatch, "/count",
			"doesn't match the number of items: the bundle was changed after the export")
	}
	if b.manifest.Digest != b.digests.Sum() {
		return problem(tenancy.CodeDigestMismatch, "/digest",
			"doesn't match the items: the bundle was changed after the export")
	}
	return nil
}
