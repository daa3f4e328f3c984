package promote

import "github.com/bailiwick-go/bailiwick/tenancy"

// Strategy says what an import does with a conflict: an item whose name the
// target has with other labels or another spec.
type Strategy string

// The strategies. The zero Strategy is Fail.
const (
	Fail      Strategy = "fail"      // write nothing at all
	Skip      Strategy = "skip"      // keep the target's item
	Overwrite Strategy = "overwrite" // take the bundle's item
	Rename    Strategy = "rename"    // keep both: the bundle's item gets a free name
)

// ParseStrategy reads a strategy's name; "" is [Fail]. Any other is an error
// with [tenancy.CodeInvalid].
func ParseStrategy(s string) (Strategy, error) {
	switch st := Strategy(s); st {
	case "":
		return Fail, nil
	case Fail, Skip, Overwrite, Rename:
		return st, nil
	}
	return "", tenancy.Errorf(tenancy.CodeInvalid,
		"a strategy is one of fail, skip, overwrite, rename")
}

// Options of an import. The zero Options fail on the first conflict.
type Options struct {
	Strategy Strategy // what to do with conflicts. Defaults to Fail
	DryRun   bool     // report what would happen, and write nothing
}
