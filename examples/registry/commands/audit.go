package commands

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// AuditCmd groups the commands that read the audit log.
type AuditCmd struct {
	List   auditListCmd   `cmd:"" help:"List entries, newest first."`
	Export auditExportCmd `cmd:"" help:"Write the whole log as JSON lines, oldest entry first."`
	Verify auditVerifyCmd `cmd:"" help:"Verify the log's hash chain; exit 1 at the first entry that doesn't fit."`
}

// auditListCmd lists entries, newest first. With a tenant it reads that tenant's log,
// otherwise the log of all tenants, which the registry allows for super-admins only.
//
// Routes: GET /api/v1/tenants/T/audit and GET /api/v1/audit.
type auditListCmd struct {
	apiclient.Flags
	Tenant string `env:"REGISTRY_TENANT" help:"The log's tenant, by slug or id. Default: all logs (super-admins)."`
	Actor  string `help:"Only entries of the actor with this id."`
	Action string `help:"Only entries of this action, such as resource.update."`
	Target string `placeholder:"KIND/NAME" help:"Only entries about this target; KIND alone: about all of the kind."`
	Since  string `help:"Only entries at or after this time (RFC 3339)."`
	Until  string `help:"Only entries before this time (RFC 3339)."`
	Limit  int    `default:"100" help:"Maximum number of entries; 0 for all."`

	Outcome string `enum:"${outcomes},any" default:"any" help:"Only entries with this outcome: ${enum}."`
}

// auditEntry holds the members of an entry that the table shows.
type auditEntry struct {
	At         string `json:"at"`
	TenantSlug string `json:"tenant_slug"`
	Actor      struct{ Kind, ID, Name string }
	Action     string
	Target     struct{ Kind, Name string }
	Outcome    string
	RequestID  string `json:"request_id"`
	Address    string `json:"ip"`
}

const auditPageSize = 1000 // entries

// Run prints the entries page by page, so that it needs little memory for a long log.
// The last page is as long as the limit requires.
func (c *auditListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	if c.Limit < 0 {
		return terminal.Usagef("invalid --limit: set it to a number of entries, or to 0 for all")
	}
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, "TIME\tTENANT\tACTOR\tACTION\tTARGET\tOUTCOME\tFROM")
	}
	query := c.query()
	for left := c.Limit; ; {
		size := auditPageSize
		if c.Limit > 0 {
			size = min(left, auditPageSize)
		}
		query.Set("limit", strconv.Itoa(size))
		p, err := apiclient.Call[apiclient.Page[json.RawMessage]](ctx, client, http.MethodGet,
			c.path(), query, nil)
		if err != nil {
			return err
		}
		for _, item := range p.Items {
			if err := c.printEntry(t, table, item); err != nil {
				return err
			}
		}
		left -= len(p.Items)
		if p.NextCursor == "" || c.Limit > 0 && left <= 0 {
			return table.Flush()
		}
		query.Set("cursor", p.NextCursor)
	}
}

// path returns the path of the log: that of the tenant, or that of all tenants.
func (c *auditListCmd) path() string {
	if c.Tenant == "" {
		return "/api/v1/audit"
	}
	return apiclient.TenantPath(c.Tenant) + "/audit"
}

// query returns the filters as query parameters. The registry checks them.
func (c *auditListCmd) query() url.Values {
	query := url.Values{}
	if c.Outcome != "any" {
		query.Set("outcome", c.Outcome)
	}
	kind, target, _ := strings.Cut(c.Target, "/")
	for name, value := range map[string]string{"actor": c.Actor, "action": c.Action,
		"target_kind": kind, "target": target, "since": c.Since, "until": c.Until} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// printEntry writes one entry: with --json as the registry sent it, one entry a line,
// otherwise as a row of the table.
func (c *auditListCmd) printEntry(
	t terminal.Terminal, table io.Writer, item json.RawMessage,
) error {
	if c.JSON {
		return t.PrintJSON(item)
	}
	var e auditEntry
	if err := json.Unmarshal(item, &e); err != nil {
		return apiclient.InvalidResponse(err)
	}
	actor := strings.TrimSpace(e.Actor.Kind + " " + cmp.Or(e.Actor.Name, e.Actor.ID))
	target := strings.TrimSpace(e.Target.Kind + " " + e.Target.Name)
	cells := []string{e.TenantSlug, actor, e.Action, target, e.Outcome, e.Address}
	for i, cell := range cells {
		cells[i] = terminal.Printable(cell)
	}
	_, err := fmt.Fprintf(table, "%s\t%s\n", e.At, strings.Join(cells, "\t"))
	return err
}

// auditExport returns the exported log; the caller closes it.
func auditExport(ctx context.Context, c *apiclient.Client, tenant string) (io.ReadCloser, error) {
	resp, err := c.Do(ctx, apiclient.Request{Method: http.MethodGet,
		Path: apiclient.TenantPath(tenant) + "/audit/export"})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// auditExportCmd writes a tenant's whole log in the format that verify reads: a begin
// line, one line for each entry, oldest first, and an end line.
//
// Route: GET /api/v1/tenants/T/audit/export.
type auditExportCmd struct {
	apiclient.Flags
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The log's tenant, by slug or id."`
}

// Run copies the log. A log without its last line is incomplete and an error.
func (c *auditExportCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	log, err := auditExport(ctx, client, c.Tenant)
	if err != nil {
		return err
	}
	defer log.Close()
	out := bufio.NewWriter(t.Out)
	complete := false
	err = eachLine(log, func(line []byte) error {
		complete = strings.HasPrefix(string(line), `{"end":`)
		_, err := out.Write(line)
		return err
	})
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if !complete {
		return errors.New("the log is incomplete: it stops without an end line: repeat the export")
	}
	return nil
}

// eachLine calls fn with each line, including its line feed. It has no limit for
// the length of a line, unlike bufio.Scanner.
func eachLine(r io.Reader, fn func(line []byte) error) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if err := fn(line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
	}
}
