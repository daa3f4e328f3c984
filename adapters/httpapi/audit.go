package httpapi

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// auditBody is an entry of the audit log as it is answered.
type auditBody struct {
	ID         string          `json:"id" format:"uuid"`
	Seq        int64           `json:"seq" doc:"counts the entries of one tenant, without a gap"`
	At         timestamp       `json:"at"`
	TenantID   *string         `json:"tenant_id" format:"uuid" doc:"null: of no tenant"`
	TenantSlug *string         `json:"tenant_slug"`
	Actor      auditActor      `json:"actor"`
	Action     string          `json:"action"`
	Target     auditTarget     `json:"target"`
	RequestID  string          `json:"request_id"`
	Address    string          `json:"ip"`
	Outcome    tenancy.Outcome `json:"outcome" enum:"ok,denied,failed"`
	Details    any             `json:"details"`
}

type auditActor struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

type auditTarget struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func showEntry(e tenancy.AuditEntry) auditBody {
	b := auditBody{
		ID: e.ID, Seq: e.Seq, At: timestamp(e.At),
		Actor:  auditActor{string(e.Actor.Kind), e.Actor.ID, e.Actor.Name},
		Action: e.Action, Target: auditTarget(e.Target), RequestID: e.RequestID, Address: e.Address,
		Outcome: e.Outcome, Details: e.Details,
	}
	if len(e.Details) == 0 { // an entry that somebody has made unreadable
		b.Details, b.Outcome = map[string]any{}, tenancy.Failed
	}
	if !e.Tenant.IsZero() {
		id, slug := e.Tenant.String(), string(e.TenantSlug)
		b.TenantID, b.TenantSlug = &id, &slug
	}
	return b
}

// auditQuery reads the filters of a list of entries.
func (c *call) auditQuery() (ports.AuditQuery, error) {
	q := ports.AuditQuery{Actor: c.query.text("actor"), Action: c.query.text("action")}
	for name, into := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if !c.query.has(name) {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, c.query.text(name))
		if err != nil || at.Year() < 1 || at.IsZero() {
			return q, invalidParameter(name,
				"it is a time as RFC 3339 has it: 2026-01-31T12:00:00Z")
		}
		*into = at
	}
	return q, nil
}

func (a *api) listAudit(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list audit")
	if err != nil {
		return err
	}
	q, err := c.auditQuery()
	if err != nil {
		return err
	}
	if l.after != "" {
		if q.Before, err = strconv.ParseInt(l.after, 10, 64); err != nil || q.Before < 1 {
			return errCursor
		}
	}
	q.Limit = l.more()
	found, err := a.admin.ListAudit(c.Context(), c.principal, c.PathValue(resolve.PathValue), q)
	if err != nil {
		return err
	}
	place := func(e tenancy.AuditEntry) string { return strconv.FormatInt(e.Seq, 10) }
	return writeJSON(w, http.StatusOK, pageOf(l, found, place, showEntry))
}

func (a *api) listPlatformAudit(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list all audit")
	if err != nil {
		return err
	}
	selected, err := c.auditQuery()
	if err != nil {
		return err
	}
	q := ports.PlatformAuditQuery{Actor: selected.Actor, Action: selected.Action,
		Since: selected.Since, Until: selected.Until, Limit: l.more()}
	if l.after != "" {
		if q.Before, err = placeOf(l.after); err != nil {
			return err
		}
	}
	found, err := a.admin.ListPlatformAudit(c.Context(), c.principal, q)
	if err != nil {
		return err
	}
	place := func(e tenancy.AuditEntry) string { return e.At.UTC().Format(timeLayout) + " " + e.ID }
	return writeJSON(w, http.StatusOK, pageOf(l, found, place, showEntry))
}

func placeOf(cursor string) (ports.AuditPlace, error) {
	text, id, ok := strings.Cut(cursor, " ")
	at, err := time.Parse(timeLayout, text)
	if !ok || err != nil || id == "" {
		return ports.AuditPlace{}, errCursor
	}
	return ports.AuditPlace{At: at, ID: id}, nil
}

var errNoBody = errors.New("httpapi: nobody reads a body")

// exportAudit streams the log. The last line tells that nothing is missing behind
// it; without one, the answer was cut off.
func (a *api) exportAudit(w http.ResponseWriter, c *call) error {
	out := bufio.NewWriter(w)
	begun := false
	var end tenancy.AuditChain
	err := a.admin.ExportAudit(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		func(tenant tenancy.Tenant, first, last tenancy.AuditChain) error {
			begun, end = true, last
			h := w.Header()
			h.Set("Content-Type", auditMediaType)
			h.Set("Content-Disposition",
				fmt.Sprintf(`attachment; filename="%s.audit.jsonl"`, tenant.Slug))
			w.WriteHeader(http.StatusOK)
			if c.Method == http.MethodHead {
				return errNoBody
			}
			_, err := fmt.Fprintf(out, `{"begin":{"tenant_id":%q,"seq":%d,"hash":"%x"}}`+"\n",
				tenant.ID, first.Seq, first.Hash)
			return err
		}, func(e tenancy.AuditEntry) error { return writeEntry(out, e) })
	switch {
	case errors.Is(err, errNoBody):
		return nil
	case err != nil && !begun:
		return err
	}
	if err == nil {
		// a bufio.Writer keeps its first error for Flush
		fmt.Fprintf(out, `{"end":{"seq":%d,"hash":"%x"}}`+"\n", end.Seq, end.Hash)
		err = out.Flush()
	}
	a.cutOff(c, err)
	return nil
}

// writeEntry writes a line. What isn't one line of JSON, and so no entry that was
// ever written, stands there as a string: it must not look like several lines.
func writeEntry(out *bufio.Writer, e tenancy.AuditEntry) error {
	text := []byte(e.Text)
	if !json.Valid(text) || bytes.ContainsAny(text, "\r\n") ||
		len(bytes.TrimSpace(text)) != len(text) {
		text, _ = json.Marshal(string(e.Text)) // a string always marshals
	}
	fmt.Fprintf(out, `{"seq":%d,"id":%q,"at":%q,"hash":"%s","entry":`, e.Seq, e.ID,
		e.At.UTC().Format(timeLayout), hex.EncodeToString(e.Hash[:]))
	out.Write(text)
	_, err := out.WriteString("}\n")
	return err
}
