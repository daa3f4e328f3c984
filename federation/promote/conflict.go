package promote

import (
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The limits of the list in a [tenancy.CodeImportConflict] error, which is kept in
// memory as a whole.
const (
	maxConflicts     = 1000
	maxConflictBytes = 4 << 20 // of changed values
)

// conflicts collects the conflicts that make an import under [Fail] fail.
type conflicts struct {
	items     []ReportItem
	bytes     int
	truncated bool
}

// size is about that of the content as JSON.
func (c *Content) size() int {
	if c == nil {
		return 0
	}
	size := len(c.Spec)
	for key, value := range c.Labels {
		size += len(key) + len(value)
	}
	return size
}

// add adds a conflict, unless the list would exceed its limits. After the first conflict
// that doesn't fit, it adds none, so that the list has no gaps.
func (c *conflicts) add(item ReportItem) {
	size := 0
	for _, d := range item.Changes {
		size += len(d.Path) + len(d.From) + len(d.To)
	}
	if c := item.Conflict; c != nil {
		size += c.Base.size() + c.Ours.size() + c.Theirs.size()
	}
	if c.truncated || len(c.items) == maxConflicts || c.bytes+size > maxConflictBytes {
		c.truncated = true
		return
	}
	c.bytes += size
	c.items = append(c.items, item)
}

// err returns the error that refuses the whole import.
func (c *conflicts) err(counts Counts) error {
	items := c.items
	if items == nil { // the first conflict exceeded maxConflictBytes
		items = []ReportItem{}
	}
	members := map[string]any{"counts": counts, "items": items}
	if c.truncated {
		members["truncated"] = true
	}
	e := tenancy.Errorf(tenancy.CodeImportConflict,
		"items in conflict: %d; the target changed them since it took them, or never took them from"+
			" this source: nothing was written; choose the strategy %s", counts.Fail,
		tenancy.Alternatives(strategies[1:])) // without Fail
	e.Members = members
	return e
}

// secretsMissing returns the error for uses of secrets that have no value.
func secretsMissing(uses []federation.SecretUse) error {
	e := tenancy.Errorf(tenancy.CodeSecretsMissing, "secrets without a value: %d; nothing was written:"+
		" set the value of %s first, and of the others", len(uses), uses[0].Secret)
	e.Members = map[string]any{"secrets_required": uses[:min(len(uses), maxConflicts)]}
	return e
}
