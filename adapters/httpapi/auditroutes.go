package httpapi

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditMediaType is JSON Lines (jsonlines.org).
const auditMediaType = "application/jsonl"

var (
	timeSchema = &huma.Schema{Type: huma.TypeString, Format: "date-time"}

	auditFilters = []parameter{
		{name: "actor", doc: "only entries of the actor with this id",
			schema: &huma.Schema{Type: huma.TypeString}},
		{name: "action", doc: "only entries with this action, such as resource.update",
			schema: &huma.Schema{Type: huma.TypeString}},
		{name: "outcome", doc: "only entries with this outcome",
			schema: oneOf(tenancy.Outcomes())},
		{name: "target_kind", doc: "only entries whose target is of this kind, such as agent",
			schema: &huma.Schema{Type: huma.TypeString}},
		{name: "target", doc: "only entries whose target has this name",
			schema: &huma.Schema{Type: huma.TypeString}},
		{name: "since", doc: "only entries at or after this time (RFC 3339)", schema: timeSchema},
		{name: "until", doc: "only entries before this time (RFC 3339)", schema: timeSchema},
	}
)

// auditRoutes returns the routes that read the audit log. No route changes or removes
// an entry.
func (a *api) auditRoutes() []operation {
	list := response{status: http.StatusOK, doc: "One page, newest first.",
		schema: goType[page[auditBody]]()}
	params := slices.Concat(auditFilters, pageParams)
	return []operation{{
		id: "listAudit", method: http.MethodGet, path: tenantRoot + "/audit", tag: "audit",
		summary: "Read the tenant's audit log",
		access:  managesTenant, needs: tenancy.AuditRead, params: params, response: list,
		handle: a.listAudit,
	}, {
		id: "exportAudit", method: http.MethodGet, path: tenantRoot + "/audit/export", tag: "audit",
		summary: "Export the tenant's audit log with the hashes that verify it",
		access:  managesTenant, needs: tenancy.AuditRead,
		response: response{
			status: http.StatusOK, media: auditMediaType, schema: auditLine,
			headers: []string{"Content-Disposition"},
			doc: "JSON Lines. The first line is {\"begin\":{tenant_id,seq,hash}}: the entry" +
				" before the oldest stored one. One line per entry follows, oldest first:" +
				" {seq,id,at,hash,entry}, where hash is SHA-256 over the previous hash and the" +
				" bytes of entry. The last line is {\"end\":{seq,hash}}.",
		},
		handle: a.exportAudit,
	}, {
		id: "listPlatformAudit", method: http.MethodGet, path: apiRoot + "audit", tag: "audit",
		summary: "Read the audit log of all tenants",
		access:  signedIn, needs: tenancy.PlatformAuditRead, params: params, response: list,
		codes:  []tenancy.Code{tenancy.CodeForbidden},
		handle: a.listPlatformAudit,
	}}
}

// auditLine describes a line of an export.
func auditLine(huma.Registry) *huma.Schema {
	seq := &huma.Schema{Type: huma.TypeInteger, Minimum: ptr(0.0)}
	hash := &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9a-f]{64}$"}
	id := &huma.Schema{Type: huma.TypeString, Format: "uuid"}
	entry := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	return &huma.Schema{AnyOf: []*huma.Schema{
		schemas.Object(map[string]*huma.Schema{
			"begin": schemas.Object(map[string]*huma.Schema{"tenant_id": id, "seq": seq, "hash": hash},
				"tenant_id", "seq", "hash")}, "begin"),
		schemas.Object(map[string]*huma.Schema{
			"seq": seq, "id": id, "at": timestamp{}.Schema(nil), "hash": hash,
			"entry": {AnyOf: []*huma.Schema{
				entry, {Type: huma.TypeString,
					Description: "the stored text, if it is not a valid entry"}}},
		}, "seq", "id", "at", "hash", "entry"),
		schemas.Object(map[string]*huma.Schema{
			"end": schemas.Object(map[string]*huma.Schema{"seq": seq, "hash": hash}, "seq", "hash")},
			"end"),
	}}
}
