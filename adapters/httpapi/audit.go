package httpapi

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/cursor"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// auditBody is an entry of the audit log in a response. It shows every member of the
// hashed text except its format.
type auditBody struct {
	ID         string    `json:"id" format:"uuid"`
	Seq        int64     `json:"seq" doc:"the entry's number in its tenant, without gaps"`
	At         timestamp `json:"at"`
	TenantID   *string   `json:"tenant_id" format:"uuid" doc:"null if it has no tenant"`
	TenantSlug *string   `json:"tenant_slug"`
	tenancy.EventRecord
}

// showEntry returns the entry for a response.
func showEntry(e tenancy.AuditEntry) auditBody {
	b := auditBody{ID: e.ID, Seq: e.Seq, At: timestamp(e.At), EventRecord: e.EventRecord.Shown()}
	if !e.Tenant.IsZero() {
		id, slug := e.Tenant.String(), string(e.TenantSlug)
		b.TenantID, b.TenantSlug = &id, &slug
	}
	return b
}

// auditFilter reads the filter of an audit list.
func (c *call) auditFilter() (ports.AuditFilter, error) {
	f := ports.AuditFilter{Actor: c.query.Text("actor"), Action: c.query.Text("action"),
		TargetKind: c.query.Text("target_kind"), TargetName: c.query.Text("target"),
		Outcome: tenancy.Outcome(c.query.Text("outcome"))}
	if c.query.Has("outcome") && !slices.Contains(tenancy.Outcomes(), f.Outcome) {
		return f, querystring.Invalid("outcome", "must be "+tenancy.Alternatives(tenancy.Outcomes()))
	}
	for name, target := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if !c.query.Has(name) {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, c.query.Text(name))
		if err != nil || at.Year() < 1 || at.IsZero() {
			return f, querystring.Invalid(name,
				"must be an RFC 3339 time such as 2026-01-31T12:00:00Z")
		}
		*target = at
	}
	return f, nil
}

// listAudit writes one page of the tenant's audit log, newest first. The sort key is
// seq.
func (a *api) listAudit(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list audit")
	if err != nil {
		return err
	}
	filter, err := c.auditFilter()
	if err != nil {
		return err
	}
	q := ports.AuditQuery{AuditFilter: filter, Limit: l.fetchLimit()}
	if l.after != "" {
		if q.Before, err = strconv.ParseInt(l.after, 10, 64); err != nil || q.Before < 1 {
			return cursor.ErrInvalid
		}
	}
	found, err := a.admin.ListAudit(c.Context(), c.principal, c.PathValue(resolve.PathValue), q)
	if err != nil {
		return err
	}
	key := func(e tenancy.AuditEntry) string { return strconv.FormatInt(e.Seq, 10) }
	return writeJSON(w, http.StatusOK, pageOf(l, found, key, showEntry))
}

// listPlatformAudit writes one page of the audit log of all tenants, newest first. The
// sort key is the time and the id, because seq is unique only within a tenant.
func (a *api) listPlatformAudit(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list all audit")
	if err != nil {
		return err
	}
	filter, err := c.auditFilter()
	if err != nil {
		return err
	}
	q := ports.PlatformAuditQuery{AuditFilter: filter, Limit: l.fetchLimit()}
	if l.after != "" {
		if q.Before, err = parseAuditPosition(l.after); err != nil {
			return err
		}
	}
	found, err := a.admin.ListPlatformAudit(c.Context(), c.principal, q)
	if err != nil {
		return err
	}
	key := func(e tenancy.AuditEntry) string {
		return e.At.UTC().Format(tenancy.TimeLayout) + " " + e.ID
	}
	return writeJSON(w, http.StatusOK, pageOf(l, found, key, showEntry))
}

// parseAuditPosition reads the position in a cursor of the platform's audit list:
// a time and an id.
func parseAuditPosition(position string) (ports.AuditCursor, error) {
	text, id, ok := strings.Cut(position, " ")
	at, err := time.Parse(tenancy.TimeLayout, text)
	if !ok || err != nil || id == "" {
		return ports.AuditCursor{}, cursor.ErrInvalid
	}
	return ports.AuditCursor{At: at, ID: id}, nil
}

// errHeadRequest stops an export whose body isn't sent.
var errHeadRequest = errors.New("httpapi: a HEAD request has no body")

// exportAudit streams the log. The last line marks the end: a response without it
// was cut off.
func (a *api) exportAudit(w http.ResponseWriter, c *call) error {
	out := bufio.NewWriter(w)
	started := false
	var end tenancy.AuditChain
	err := a.admin.ExportAudit(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		func(tenant tenancy.Tenant, first, last tenancy.AuditChain) error {
			started, end = true, last
			h := w.Header()
			h.Set("Content-Type", auditMediaType)
			h.Set("Content-Disposition",
				fmt.Sprintf(`attachment; filename="%s.audit.jsonl"`, tenant.Slug))
			w.WriteHeader(http.StatusOK)
			if c.Method == http.MethodHead {
				return errHeadRequest
			}
			_, err := fmt.Fprintf(out, `{"begin":{"tenant_id":%q,"seq":%d,"hash":"%x"}}`+"\n",
				tenant.ID, first.Seq, first.Hash)
			return err
		}, func(e tenancy.AuditEntry) error { return writeEntry(out, e) })
	switch {
	case errors.Is(err, errHeadRequest):
		return nil
	case err != nil && !started:
		return err
	}
	if err == nil {
		// Flush returns the first error of the writes before it.
		fmt.Fprintf(out, `{"end":{"seq":%d,"hash":"%x"}}`+"\n", end.Seq, end.Hash)
		err = out.Flush()
	}
	a.abortResponse(c, err)
	return nil
}

// writeEntry writes one line. A stored text that isn't one line of JSON was never
// written by this package: writeEntry writes it as a JSON string, so that it can't
// look like several lines.
func writeEntry(out *bufio.Writer, e tenancy.AuditEntry) error {
	text := []byte(e.Text)
	if !json.Valid(text) || bytes.ContainsAny(text, "\r\n") ||
		len(bytes.TrimSpace(text)) != len(text) {
		text, _ = json.Marshal(string(e.Text)) // a string always marshals
	}
	fmt.Fprintf(out, `{"seq":%d,"id":%q,"at":%q,"hash":"%s","entry":`, e.Seq, e.ID,
		e.At.UTC().Format(tenancy.TimeLayout), hex.EncodeToString(e.Hash[:]))
	out.Write(text)
	_, err := out.WriteString("}\n")
	return err
}
