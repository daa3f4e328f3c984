package promote

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Action is what an import does with one item.
type Action string

// The actions.
const (
	ActionCreate    Action = "create"    // the target has no item with that name
	ActionUpdate    Action = "update"    // the bundle's item replaces the target's
	ActionUnchanged Action = "unchanged" // the target's item has the same content
	ActionKeep      Action = "keep"      // only the target has changed it, or deleted it
	ActionMerge     Action = "merge"     // what both sides changed is joined
	ActionSkip      Action = "skip"      // a conflict in which the target's item stays
	ActionRename    Action = "rename"    // the bundle's item is created under a free name
	ActionDelete    Action = "delete"    // the source no longer has it, and the target neither
	ActionFail      Action = "fail"      // a conflict that stops the import
)

// Counts are the numbers of items by action.
type Counts struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Unchanged int `json:"unchanged"`
	Keep      int `json:"keep"`
	Merge     int `json:"merge"`
	Skip      int `json:"skip"`
	Rename    int `json:"rename"`
	Delete    int `json:"delete"`
	Fail      int `json:"fail"`
}

func (c *Counts) add(a Action) {
	switch a {
	case ActionCreate:
		c.Create++
	case ActionUpdate:
		c.Update++
	case ActionUnchanged:
		c.Unchanged++
	case ActionKeep:
		c.Keep++
	case ActionMerge:
		c.Merge++
	case ActionSkip:
		c.Skip++
	case ActionRename:
		c.Rename++
	case ActionDelete:
		c.Delete++
	case ActionFail:
		c.Fail++
	}
}

// ReportItem describes what an import does with one item of the bundle.
type ReportItem struct {
	federation.Ref
	Action    Action `json:"action"`
	RenamedTo string `json:"renamed_to,omitempty"`

	// Changes are the differences from the target's item to the one that it has after the
	// import: the bundle's, or what was joined. If the item isn't written, they are those to
	// the bundle's item.
	Changes []federation.Difference `json:"changes"`

	Conflict *Conflict `json:"conflict,omitempty"` // also if the strategy resolves it

	// Error says why the import couldn't apply the strategy.
	Error string `json:"error,omitempty"`
}

// Conflict is what the three sides of a conflict have. A side that doesn't have the item is nil.
type Conflict struct {
	Base   *Content `json:"base"`   // what the target last took from the source
	Ours   *Content `json:"ours"`   // what the target has
	Theirs *Content `json:"theirs"` // what the source has, with the names of the target

	// Paths are the places that both sides changed, under [Merge]: JSON Pointers, sorted.
	Paths []string `json:"paths,omitempty"`
}

// Content is what can be in conflict of an item.
type Content struct {
	Labels map[string]string `json:"labels"`
	Spec   json.RawMessage   `json:"spec"`
}

// Report describes what an import did or, as a dry run, would do. Its list of
// items may be larger than memory: use Items to read it, or WriteTo to write it.
// The caller must close the report.
type Report struct {
	ImportID string // UUIDv7
	DryRun   bool
	Counts   Counts

	// SecretsRequired are the references to secrets that have no value in the
	// target, sorted.
	SecretsRequired []federation.SecretUse

	items    *spool
	notEmpty bool // items isn't empty
}

// add appends an item and counts its action.
func (r *Report) add(item ReportItem) error {
	if item.Changes == nil {
		item.Changes = []federation.Difference{}
	}
	line, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("promote: report %s %q: %w", item.Kind, item.Name, err)
	}
	if r.notEmpty {
		line = append([]byte{','}, line...)
	}
	r.notEmpty = true
	r.Counts.add(item.Action)
	_, err = r.items.Write(line)
	return err
}

// Items yields the items in the order of [federation.Ref.Compare]. An error ends
// it. It may be called several times until Close.
func (r *Report) Items() iter.Seq2[ReportItem, error] {
	return func(yield func(ReportItem, error) bool) {
		list := io.MultiReader(strings.NewReader("["), r.items.reader(), strings.NewReader("]"))
		dec := json.NewDecoder(bufio.NewReader(list))
		_, err := dec.Token()
		for err == nil && dec.More() {
			var item ReportItem
			if err = dec.Decode(&item); err == nil && !yield(item, nil) {
				return
			}
		}
		if err != nil {
			yield(ReportItem{}, fmt.Errorf("promote: read the report: %w", err))
		}
	}
}

// WriteTo writes the report as one JSON object with the members import_id,
// dry_run, counts, items and secrets_required. It returns the number of bytes
// written to w. It may be called several times until Close.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	head, errHead := json.Marshal(struct {
		ImportID string `json:"import_id"`
		DryRun   bool   `json:"dry_run"`
		Counts   Counts `json:"counts"`
	}{r.ImportID, r.DryRun, r.Counts})
	secrets := r.SecretsRequired
	if secrets == nil {
		secrets = []federation.SecretUse{}
	}
	tail, errTail := json.Marshal(secrets)
	if err := errors.Join(errHead, errTail); err != nil {
		return 0, fmt.Errorf("promote: write the report: %w", err)
	}
	count := countingWriter{w: w}
	out := bufio.NewWriter(&count)
	out.Write(head[:len(head)-1]) // Flush returns the first error of a bufio.Writer
	out.WriteString(`,"items":[`)
	_, errItems := io.Copy(out, r.items.reader())
	out.WriteString(`],"secrets_required":`)
	out.Write(tail)
	out.WriteByte('}')
	err := errors.Join(errItems, out.Flush())
	return count.n, err
}

// Close releases the memory and the temporary file. A second Close does nothing.
func (r *Report) Close() error { return r.items.Close() }
