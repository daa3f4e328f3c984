package federation

import "golang.org/x/text/unicode/norm"

// NormalName returns a name in Unicode Normalization Form C (Unicode Standard Annex #15),
// in which names are stored: names that look the same because a letter and its accent are
// one character or two are one name.
func NormalName(name string) string { return norm.NFC.String(name) }

// normalRef returns the reference with its name in normal form.
func normalRef(ref Ref) Ref {
	ref.Name = NormalName(ref.Name)
	return ref
}
