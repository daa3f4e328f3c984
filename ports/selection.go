package ports

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// IsAll reports whether s selects every item.
func (s Selection) IsAll() bool {
	return len(s.Kinds) == 0 && len(s.Names) == 0 && len(s.Labels) == 0
}

// Selects reports whether s selects the item, without regard to references.
func (s Selection) Selects(item federation.Item) bool {
	for key, value := range s.Labels {
		if got, ok := item.Labels[key]; !ok || got != value {
			return false
		}
	}
	return (len(s.Kinds) == 0 || slices.Contains(s.Kinds, item.Kind)) &&
		(len(s.Names) == 0 || slices.Contains(s.Names, item.Name))
}

// NamesNotFound returns the error of an export for the names that no selected item has. Its member
// "names" has the first 100 of them. It returns nil if there are none.
func NamesNotFound(names []string) error {
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	names = slices.Compact(names)
	e := tenancy.Errorf(tenancy.CodeNotFound, "nothing that is selected is named %q", names[0])
	if more := len(names) - 1; more > 0 {
		e = tenancy.Errorf(tenancy.CodeNotFound,
			"nothing that is selected is named %q, and nothing has %d more of the names", names[0], more)
	}
	e.Members = map[string]any{"names": names[:min(len(names), federation.MaxDetails)]}
	return e
}
