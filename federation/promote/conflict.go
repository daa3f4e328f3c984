package promote

import "github.com/bailiwick-go/bailiwick/tenancy"

// What a [tenancy.CodeImportConflict] lists at most: it is the one answer that
// stands in memory.
const (
	maxConflicts     = 1000
	maxConflictBytes = 4 << 20 // of changed values
)

// conflicts collects what stands in the way of an import under [Fail].
type conflicts struct {
	items     []ReportItem
	bytes     int
	truncated bool
}

func (c *conflicts) add(item ReportItem) {
	size := 0
	for _, d := range item.Changes {
		size += len(d.Path) + len(d.From) + len(d.To)
	}
	if c.truncated || len(c.items) == maxConflicts || c.bytes+size > maxConflictBytes {
		c.truncated = true
		return
	}
	c.bytes += size
	c.items = append(c.items, item)
}

// err is the refusal of the whole import.
func (c *conflicts) err(counts Counts) error {
	items := c.items
	if items == nil { // a single conflict was larger than the whole list may be
		items = []ReportItem{}
	}
	members := map[string]any{"counts": counts, "items": items}
	if c.truncated {
		members["truncated"] = true
	}
	e := tenancy.Errorf(tenancy.CodeImportConflict,
		"the target has other content under %d of the bundle's names: nothing was written; choose"+
			" the strategy skip, overwrite or rename", counts.Fail)
	e.Members = members
	return e
}
