package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// exportBundle writes the tenant's bundle. The bundle is complete before its first
// byte is sent: an error of the store gives a problem, not half a bundle. A caller
// that gets fewer bytes than Content-Length has lost the connection.
func (a *api) exportBundle(w http.ResponseWriter, c *call) error {
	sel, err := exportSelection(c)
	if err != nil {
		return err
	}
	bundle, err := a.promote.Export(c.Context(), c.tenant, sel)
	if err != nil {
		return err
	}
	defer bundle.Close()

	h := w.Header()
	h.Set("Content-Type", federation.BundleMediaType)
	h.Set("Content-Length", strconv.FormatInt(bundle.Size, 10))
	h.Set("Content-Disposition",
		fmt.Sprintf(`attachment; filename="%s.bundle.json"`, c.tenant.Slug))
	w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	_, err = bundle.WriteTo(w)
	a.abortResponse(c, err)
	return nil
}

// exportSelection reads the query of an export.
func exportSelection(c *call) (ports.Selection, error) {
	sel, err := selection(c)
	if err == nil {
		sel.WithReferences, err = c.query.Boolean("with_references")
	}
	return sel, err
}

// selection reads kinds, names and labels.
func selection(c *call) (sel ports.Selection, err error) {
	sel.Kinds = c.query["kind"]
	if sel.Names, err = c.query.Names(); err != nil {
		return sel, err
	}
	sel.Labels, err = c.query.Labels()
	return sel, err
}

// abortResponse closes the connection of a response that has started and can't be
// finished, so that no caller takes it for a complete one. With a nil err it does
// nothing.
func (a *api) abortResponse(c *call, err error) {
	if err == nil {
		return
	}
	a.log.WarnContext(c.Context(), "response cut off",
		"request_id", RequestID(c.Context()), "error", err)
	panic(http.ErrAbortHandler)
}

// importBundle imports the bundle in the body into the tenant.
func (a *api) importBundle(w http.ResponseWriter, c *call) error {
	strategy, err := promote.ParseStrategy(c.query.Text("strategy"))
	if err != nil {
		return querystring.Invalid("strategy", "must be "+tenancy.Alternatives(promote.Strategies()))
	}
	options, err := importOptions(c)
	if err != nil {
		return err
	}
	options.Strategy = strategy
	if err := requestbody.CheckMediaType(c.Request, federation.BundleMediaType, requestbody.JSONType); err != nil {
		return err
	}
	if err := requestbody.Limit(w, c.Request, a.bundleLimit); err != nil {
		return err
	}
	requestbody.SetTimeout(w, a.bundleTimeout)
	report, err := a.promote.Import(c.Context(), c.tenant.ID, c.Body, options)
	if err != nil {
		return requestbody.Error(err)
	}
	defer report.Close()

	// The import is committed here: an error of writing its report can't undo it.
	w.Header().Set("Content-Type", requestbody.JSONType)
	w.WriteHeader(http.StatusOK)
	_, err = report.WriteTo(w)
	a.abortResponse(c, err)
	return nil
}

// importOptions reads all parameters but the strategy. A selection without prune would be ignored.
func importOptions(c *call) (o promote.Options, err error) {
	if o.DryRun, err = c.query.Boolean("dry_run"); err != nil {
		return o, err
	}
	if o.Confirm, err = c.query.Boolean("confirm"); err != nil {
		return o, err
	}
	if o.RequireSecrets, err = c.query.Boolean("require_secrets"); err != nil {
		return o, err
	}
	prune, err := c.query.Boolean("prune")
	if err != nil {
		return o, err
	}
	sel, err := selection(c)
	if err != nil {
		return o, err
	}
	if prune {
		o.Prune = &sel
		return o, nil
	}
	for _, name := range []string{"kind", "name", "label"} {
		if c.query.Has(name) {
			return o, querystring.Invalid(name, "has a meaning only with prune=true")
		}
	}
	return o, nil
}

// importReport is what [promote.Report] writes, for the OpenAPI document.
type importReport struct {
	ImportID        string                 `json:"import_id"`
	DryRun          bool                   `json:"dry_run"`
	Counts          promote.Counts         `json:"counts"`
	Items           []importItem           `json:"items" nullable:"false" doc:"the bundle's items, by kind, then name"`
	SecretsRequired []federation.SecretUse `json:"secrets_required" nullable:"false" doc:"secrets that have no value"`
}

// importItem is what [promote.ReportItem] writes.
type importItem struct {
	Kind      string         `json:"kind"`
	Name      string         `json:"name"`
	Action    promote.Action `json:"action" enum:"create,update,unchanged,keep,merge,skip,rename,delete,fail"`
	RenamedTo string         `json:"renamed_to,omitempty" doc:"its name in the tenant"`
	Changes   []importChange `json:"changes" nullable:"false" doc:"from the tenant's item to the new one"`
	Conflict  *itemConflict  `json:"conflict,omitempty" doc:"what the three sides have"`
	Error     string         `json:"error,omitempty"`
}

// itemConflict is what [promote.Conflict] writes: the labels and the spec of each side.
type itemConflict struct {
	Base   map[string]any `json:"base" nullable:"true" doc:"what the tenant last took from the source; null: nothing"`
	Ours   map[string]any `json:"ours" nullable:"true" doc:"what the tenant has"`
	Theirs map[string]any `json:"theirs" nullable:"true" doc:"what the source has"`
	Paths  []string       `json:"paths,omitempty" doc:"places that both sides changed, with the strategy merge"`
}

// importChange is what [federation.Difference] writes.
type importChange struct {
	Path string `json:"path" doc:"a JSON Pointer (RFC 6901)"`
	From any    `json:"from,omitempty"`
	To   any    `json:"to,omitempty"`
}
