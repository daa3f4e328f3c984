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
	ActionCreate    Action = "create"    // the target has none of that name
	ActionUpdate    Action = "update"    // the bundle's item replaces the target's
	ActionUnchanged Action = "unchanged" // the target says the same
	ActionSkip      Action = "skip"      // the target's item stays, though it differs
	ActionRename    Action = "rename"    // created under a free name
	ActionFail      Action = "fail"      // a conflict that stops the import
)

// Counts are the numbers of items by action.
type Counts struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Unchanged int `json:"unchanged"`
	Skip      int `json:"skip"`
	Rename    int `json:"rename"`
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
	case ActionSkip:
		c.Skip++
	case ActionRename:
		c.Rename++
	case ActionFail:
		c.Fail++
	}
}

// ReportItem tells what an import does with one item of the bundle.
type ReportItem struct {
	federation.Ref
	Action    Action `json:"action"`
	RenamedTo string `json:"renamed_to,omitempty"`
	// from the target's item to the bundle's
	Changes []federation.Difference `json:"changes"`
	// why the strategy couldn't be followed
	Error string `json:"error,omitempty"`
}

// Report tells what an import did or, as a dry run, would do. Its list of
// items may be longer than memory: it is read with Items or written with
// WriteTo. The caller closes it.
type Report struct {
	ImportID string // UUIDv7
	DryRun   bool
	Counts   Counts
	// references to secrets without a value in the target, sorted
	SecretsRequired []federation.SecretUse

	items    *spool
	notEmpty bool // items isn't empty
}

// add appends an item. The item must not be used by the caller afterwards.
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

// Items reads the items in the order of [federation.Ref.Compare]. It may be
// called again until Close; an error ends it.
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
// dry_run, counts, items and secrets_required, and answers the number of bytes
// that w took. It may be called again until Close.
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
	out.Write(head[:len(head)-1]) // a bufio.Writer keeps its first error for Flush
	out.WriteString(`,"items":[`)
	_, errItems := io.Copy(out, r.items.reader())
	out.WriteString(`],"secrets_required":`)
	out.Write(tail)
	out.WriteByte('}')
	err := errors.Join(errItems, out.Flush())
	return count.n, err
}

// Close gives the memory and the temporary file back.
func (r *Report) Close() error { return r.items.Close() }
