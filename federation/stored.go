package federation

import "github.com/bailiwick-go/bailiwick/tenancy"

// CheckStored returns the error for which an item of [Item.SealUnchecked] can't be exported, nil if
// it can: it holds what [Kinds.Check] refuses, so that no tenant could import it, or its UpdatedAt
// is zero, which says that the stored time isn't in the years 1 to 9999. The paths of its details
// are those of Check.
func (k *Kinds) CheckStored(item Item) error {
	s, err := k.schemaOf(item)
	if err != nil {
		return err
	}
	if scan(item.Spec) != plain || len(item.Spec) == 0 || item.Spec[0] != '{' ||
		len(item.Spec) > MaxSpec {
		if _, err := canonicalSpec(item.Spec); err != nil {
			return err
		}
	}
	var p problems
	s.checkName(&p, item.Name)
	checkLabels(&p, item.Labels)
	if _, err := s.checkSpec(&p, item.Spec); err != nil {
		return err
	}
	if item.UpdatedAt.IsZero() {
		p.invalid("/updated_at", "must be a time in the years 1 to 9999")
	}
	if item.Version < 1 || item.Version > maxInteger {
		p.invalid("/version", "must be from 1 to %d", int64(maxInteger))
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return err
	}
	return nil
}
