package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// importReport is the registry's report of an import. The report of a refused
// import holds only counts and conflicts.
type importReport struct {
	DryRun bool                 `json:"dry_run"`
	Counts promote.Counts       `json:"counts"` // items by action
	Items  []promote.ReportItem `json:"items"`
	// without a value in the target
	SecretsRequired []federation.SecretUse `json:"secrets_required"`
	Truncated       bool                   `json:"truncated"` // there are more items
}

// importBundle sends a bundle and prints the report. It returns
// terminal.ErrRefused if the report has an item that couldn't be imported.
func importBundle(
	ctx context.Context, t terminal.Terminal, c *apiclient.Client, tenant string, query url.Values,
	bundle *os.File, asJSON bool,
) error {
	info, err := bundle.Stat()
	if err != nil {
		return err
	}
	bar := t.Progress("import", info.Size())
	resp, err := c.Do(ctx, apiclient.Request{
		Method: http.MethodPost,
		Path:   "/api/v1/tenants/" + apiclient.EscapeSegment(tenant) + "/import",
		Query:  query,
		Header: map[string]string{"Content-Type": federation.BundleMediaType},
		Body:   bundle, Progress: bar,
	})
	bar.Done()
	if err != nil {
		return printRefusedImport(t, err, asJSON)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var report importReport
	if err := json.Unmarshal(raw, &report); err != nil {
		return apiclient.InvalidResponse(err)
	}
	if asJSON {
		fmt.Fprintf(t.Out, "%s\n", raw)
	} else {
		printImport(t, report)
	}
	if report.refused() {
		return terminal.ErrRefused
	}
	return nil
}

// refused reports whether an item was refused, or would be without dry run. Items
// that the skip strategy skips don't count: the user asked for that.
func (r importReport) refused() bool {
	for _, item := range r.Items {
		if item.Error != "" {
			return true
		}
	}
	return r.Counts.Fail > 0
}

// printRefusedImport prints the conflicts of an import that was refused because of
// conflicts. It returns any other error unchanged.
func printRefusedImport(t terminal.Terminal, err error, asJSON bool) error {
	e, ok := errors.AsType[*apiclient.Error](err)
	if !ok || e.Body == nil {
		return err
	}
	if asJSON {
		fmt.Fprintf(t.Out, "%s\n", e.Body)
		return terminal.ErrRefused
	}
	var report importReport
	if e.Code == tenancy.CodeImportConflict && json.Unmarshal(e.Body, &report) == nil {
		printImport(t, report)
	}
	return err
}

// printImport prints what needs the user's attention, then a table of counts.
func printImport(t terminal.Terminal, r importReport) {
	for _, item := range r.Items {
		printItem(t, item)
	}
	if r.Truncated {
		t.PrintLine("… and more: --dry-run lists all of them")
	}
	for _, s := range r.SecretsRequired {
		t.PrintLine("%s %q needs the secret %s at %s: set its value in the target", s.Kind, s.Name,
			s.Secret, s.Path)
	}
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "create\tupdate\tunchanged\tkeep\tmerge\tskip\trename\tdelete\tfail\t")
	n := r.Counts
	fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", n.Create, n.Update, n.Unchanged,
		n.Keep, n.Merge, n.Skip, n.Rename, n.Delete, n.Fail)
	table.Flush()
	if r.DryRun {
		t.PrintLine("dry run: nothing was written")
	}
}

// printItem prints an item, unless it is created or unchanged.
func printItem(t terminal.Terminal, item promote.ReportItem) {
	switch item.Action {
	case promote.ActionCreate, promote.ActionUnchanged:
		return
	case promote.ActionRename:
		t.PrintLine("%s %s %q as %q", item.Action, item.Kind, item.Name, item.RenamedTo)
	default:
		t.PrintLine("%s %s %q", item.Action, item.Kind, item.Name)
	}
	if item.Error != "" {
		t.PrintLine("    %s", item.Error)
	}
	for _, change := range item.Changes {
		t.PrintLine("    %s: %s → %s", change.Path, truncate(change.From), truncate(change.To))
	}
}

// truncate shortens a JSON value to 60 characters. A value that doesn't exist is
// "(absent)".
func truncate(raw json.RawMessage) string {
	const maxLength = 60
	if raw == nil {
		return "(absent)"
	}
	text := []rune(string(raw))
	if len(text) > maxLength {
		return string(text[:maxLength]) + "…"
	}
	return string(text)
}
