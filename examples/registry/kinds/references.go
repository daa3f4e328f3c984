package kinds

import (
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
)

// References returns the kinds with nothing but their references, as a client needs them that
// follows the references of items.
func References() (*federation.Kinds, error) {
	var all []federation.Kind
	for _, t := range Tables() {
		kind := federation.Kind{Name: t.Kind, Path: t.Path}
		for _, r := range t.References {
			if r.Lookup != nil {
				continue
			}
			targets := []string{r.Kind}
			if r.Kind == "" {
				targets = slices.Sorted(maps.Keys(r.Columns))
			}
			kind.References = append(kind.References,
				federation.Reference{Field: r.Field, Kinds: targets, Many: r.Join != nil})
		}
		all = append(all, kind)
	}
	return federation.NewKinds(all...)
}
