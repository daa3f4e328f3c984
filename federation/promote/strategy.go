package promote

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Strategy decides how an import resolves a conflict: an item that both sides changed,
// each to something else, since the target last took it from the source, or that the target
// has without having taken it from there. What only the source changed is taken, and what
// only the target changed is kept, without a conflict; under [Overwrite] the source wins there
// too.
type Strategy string

// The strategies; [Strategies] lists them. The zero Strategy is Fail.
const (
	Fail      Strategy = "fail"      // write nothing at all
	Skip      Strategy = "skip"      // keep the target's item
	Overwrite Strategy = "overwrite" // replace it by the bundle's item
	Rename    Strategy = "rename"    // keep both: the bundle's item gets a free name
	Merge     Strategy = "merge"     // join what the sides changed in different places
)

// strategies is the only list of all strategies.
var strategies = []Strategy{Fail, Skip, Overwrite, Rename, Merge}

// Strategies returns all strategies, [Fail] first, which is the default.
func Strategies() []Strategy { return slices.Clone(strategies) }

// ParseStrategy returns the strategy with this name, [Fail] for "". Any other
// name is [tenancy.CodeInvalid].
func ParseStrategy(name string) (Strategy, error) {
	if name == "" {
		return Fail, nil
	}
	if strategy := Strategy(name); slices.Contains(strategies, strategy) {
		return strategy, nil
	}
	return "", tenancy.Errorf(tenancy.CodeInvalid,
		"the strategy must be one of %s", strings.Join(strategyNames(strategies), ", "))
}

func strategyNames(list []Strategy) []string {
	names := make([]string, 0, len(list))
	for _, strategy := range list {
		names = append(names, string(strategy))
	}
	return names
}

// Options configures an import. The zero Options write nothing if there is a
// conflict.
type Options struct {
	Strategy Strategy // how to resolve conflicts. Defaults to Fail
	DryRun   bool     // report what the import would do, and write nothing

	// Prune also deletes what the target took from the source before, if it selects it and the
	// bundle doesn't have it: the bundle must be an export of all that it selects. What the
	// target changed meanwhile is a conflict. An import that would delete more than a fifth of
	// the source's items is [tenancy.CodeConfirmationRequired], unless Confirm is set. With nil,
	// nothing is deleted.
	Prune   *ports.Selection
	Confirm bool

	// RequireSecrets refuses an import after which an item would refer to a secret that has no
	// value ([tenancy.CodeSecretsMissing]). The tenant's setting require_secrets does so too.
	RequireSecrets bool
}
