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
	labels, err := c.query.Labels()
	if err != nil {
		return err
	}
	bundle, err := a.promote.Export(c.Context(), c.tenant,
		ports.Selection{Kinds: c.query["kind"], Labels: labels})
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
	dryRun, err := c.query.Boolean("dry_run")
	if err != nil {
		return err
	}
	if err := requestbody.CheckMediaType(c.Request, federation.BundleMediaType, requestbody.JSONType); err != nil {
		return err
	}
	if err := requestbody.Limit(w, c.Request, a.bundleLimit); err != nil {
		return err
	}
	requestbody.SetTimeout(w, a.bundleTimeout)
	report, err := a.promote.Import(c.Context(), c.tenant.ID, c.Body,
		promote.Options{Strategy: strategy, DryRun: dryRun})
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
	Action    promote.Action `json:"action" enum:"create,update,unchanged,skip,rename,fail"`
	RenamedTo string         `json:"renamed_to,omitempty"`
	Changes   []importChange `json:"changes" nullable:"false" doc:"differences from the tenant's item to the bundle's"`
	Error     string         `json:"error,omitempty"`
}

// importChange is what [federation.Difference] writes.
type importChange struct {
	Path string `json:"path" doc:"a JSON Pointer (RFC 6901)"`
	From any    `json:"from,omitempty"`
	To   any    `json:"to,omitempty"`
}
