package httpapi

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const apiRoot = "/api/v1/"

// operations returns all operations of the API.
func (a *api) operations(groups []routeGroup) []operation {
	ops := a.processRoutes()
	for _, g := range groups {
		ops = append(ops, g.routes(a)...)
	}
	return a.addCrossOriginCode(ops)
}

// processRoutes returns the probes, the document, the metrics and the routes that
// belong to no other group.
func (a *api) processRoutes() []operation {
	ops := []operation{{
		id: "live", method: http.MethodGet, path: "/livez", tag: "process",
		summary: "Check that the process runs",
		response: response{status: http.StatusOK, doc: "The process runs.",
			schema: goType[health]()},
		handle: serveLiveness,
	}, {
		id: "ready", method: http.MethodGet, path: "/readyz", tag: "process",
		summary: "Check that the process can serve requests",
		response: response{status: http.StatusOK, doc: "The process can serve.",
			schema: goType[health]()},
		handle: a.serveReadiness,
	}, {
		id: "openapi", method: http.MethodGet, path: apiRoot + "openapi.json", tag: "process",
		summary:  "Get this document",
		response: response{status: http.StatusOK, doc: "OpenAPI 3.1", schema: anyObject},
		handle:   a.serveOpenAPI,
	}, {
		id: "me", method: http.MethodGet, path: apiRoot + "me", tag: "callers",
		summary: "Get the caller and their role in each tenant",
		access:  signedIn,
		params: []parameter{{name: "memberships", doc: "whether the answer has the memberships",
			schema: &huma.Schema{Type: huma.TypeBoolean, Default: true}}},
		response: response{status: http.StatusOK, doc: "The caller.", schema: goType[meBody]()},
		handle:   a.me,
	}, a.membershipsRoute()}
	if a.metrics != nil {
		ops = append(ops, operation{
			id: "metrics", method: http.MethodGet, path: "/metrics", tag: "process",
			summary: "Get metrics of this process; for a super-admin, of each tenant too",
			access:  optionalAuth,
			response: response{status: http.StatusOK, doc: "The Prometheus text format.",
				media: "text/plain", schema: anyText},
			handle: a.serveMetrics,
		})
	}
	return ops
}

func anyText(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

func anyObject(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

const tenantRoot = apiRoot + "tenants/{tenant}"

// bundleRoutes returns the routes for export and import, and what verifies a bundle. An import with
// dry_run only reads, although its method is POST.
func (a *api) bundleRoutes() []operation {
	return []operation{{
		id: "instance", method: http.MethodGet, path: apiRoot + "instance", tag: "bundles",
		summary: "Get the installation's id, and the keys that verify its bundles",
		response: response{status: http.StatusOK, doc: "The installation.",
			schema: goType[instanceBody]()},
		handle: a.showInstance,
	}, {
		id: "export", method: http.MethodGet, path: tenantRoot + "/export", tag: "bundles",
		summary: "Export the tenant's resources as a bundle",
		access:  worksInTenant, needs: tenancy.BundleExport,
		params: []parameter{kindParam, nameParam, labelParam, withReferencesParam},
		codes:  []tenancy.Code{tenancy.CodeNotFound},
		response: response{
			status: http.StatusOK, doc: "The bundle, canonical JSON (RFC 8785).",
			media: federation.BundleMediaType, schema: component("Bundle"),
			headers: []string{"Content-Disposition"},
		},
		handle: a.exportBundle,
	}, {
		id: "import", method: http.MethodPost, path: tenantRoot + "/import", tag: "bundles",
		summary: "Import a bundle in one transaction: all of it or nothing",
		access:  worksInTenant, needs: tenancy.BundleImport, mayBeReadOnly: true,
		params: []parameter{strategyParam, dryRunParam, pruneParam, confirmParam, kindParam,
			nameParam, labelParam, requireSecretsParam},
		body: body{media: []string{federation.BundleMediaType, requestbody.JSONType},
			schema: component("Bundle")},
		response: response{status: http.StatusOK,
			doc:    "What was done or, in a dry run, would be done.",
			schema: goType[importReport]()},
		codes: []tenancy.Code{
			tenancy.CodeImportConflict, tenancy.CodeAlreadyExists, tenancy.CodeTargetChanged,
			tenancy.CodeConfirmationRequired, tenancy.CodeReferenced,
			tenancy.CodeSecretsMissing,
			tenancy.CodeDigestMismatch, tenancy.CodeUnsupportedVersion,
			tenancy.CodeSignatureRequired, tenancy.CodeSignatureInvalid, tenancy.CodeSignerUntrusted,
			tenancy.CodeDanglingReference, tenancy.CodeCyclicReference, tenancy.CodeQuotaExceeded,
		},
		handle: a.importBundle,
	}}
}

// The parameters of export and import.
var (
	kindParam = parameter{name: "kind", doc: "only this kind; if repeated, any of these kinds",
		repeatable: true, schema: &huma.Schema{Type: huma.TypeString}}
	nameParam = parameter{name: "name", maxValues: querystring.MaxNames, repeatable: true,
		doc: "only items of this name; if repeated, of any of these names. A name that nothing" +
			" selected has is a problem with the code not_found.",
		schema: &huma.Schema{Type: huma.TypeString, MinLength: ptr(1)}}
	withReferencesParam = parameter{name: "with_references",
		doc:    "also everything that the selected items refer to, at any depth and of any kind",
		schema: &huma.Schema{Type: huma.TypeBoolean, Default: false}}
	strategyParam = parameter{name: "strategy",
		doc: "what to do with an item that both sides changed since the tenant last took it, or that" +
			" the tenant never took from this source",
		schema: oneOfByDefault(promote.Strategies())}
	dryRunParam = parameter{name: "dry_run", doc: "report the changes, write nothing",
		schema: &huma.Schema{Type: huma.TypeBoolean, Default: false}}
	pruneParam = parameter{name: "prune",
		doc: "also delete what came from this source and is no longer there; with kind, name and label only" +
			" what they select, of which the bundle must be an export",
		schema: &huma.Schema{Type: huma.TypeBoolean, Default: false}}
	requireSecretsParam = parameter{name: "require_secrets",
		doc:    "refuse the import if an item would refer to a secret without a value",
		schema: &huma.Schema{Type: huma.TypeBoolean, Default: false}}
	confirmParam = parameter{name: "confirm",
		doc:    "delete more than a fifth of what came from this source",
		schema: &huma.Schema{Type: huma.TypeBoolean, Default: false}}
)

// routes returns the operations on the resources of one kind.
func (h resources) routes() []operation {
	name := schemas.ComponentName(h.kind.Name)
	list, one := apiRoot+h.kind.Path, apiRoot+h.kind.Path+"/{name}"
	resource := component(name + "Resource")
	return []operation{{
		id: "list" + name, method: http.MethodGet, path: list, tag: "resources",
		summary: "List the resources of kind " + h.kind.Name,
		access:  worksInTenant, needs: tenancy.ResourceRead,
		params: slices.Concat([]parameter{searchParam, labelParam}, pageParams),
		response: response{status: http.StatusOK, doc: "One page, sorted by name.",
			schema: component(name + "Page")},
		handle: h.list,
	}, {
		id: "get" + name, method: http.MethodGet, path: one, tag: "resources",
		summary: "Get one resource of kind " + h.kind.Name,
		access:  worksInTenant, needs: tenancy.ResourceRead,
		conditionalHeaders: []string{ifNoneMatch}, codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusOK, doc: "The resource.", schema: resource,
			headers: []string{"ETag"}},
		moreResponses: []response{
			{status: http.StatusNotModified, doc: "If-None-Match contains the ETag.",
				headers: []string{"ETag"}}},
		handle: h.get,
	}, h.referrersRoute(), {
		id: "put" + name, method: http.MethodPut, path: one, tag: "resources",
		summary: "Create or replace one resource of kind " + h.kind.Name,
		access:  worksInTenant, needs: tenancy.ResourceWrite,
		conditionalHeaders: []string{ifMatch, ifNoneMatch},
		body:               body{media: []string{requestbody.JSONType}, schema: component(name + "Input")},
		response: response{status: http.StatusOK, doc: "Replaced.", schema: resource,
			headers: []string{"ETag"}},
		moreResponses: []response{{status: http.StatusCreated, doc: "Created.", schema: resource,
			headers: []string{"ETag", "Location"}}},
		codes: []tenancy.Code{tenancy.CodeDanglingReference, tenancy.CodeCyclicReference,
			tenancy.CodeAlreadyExists, tenancy.CodeQuotaExceeded},
		handle: h.put,
	}, {
		id: "delete" + name, method: http.MethodDelete, path: one, tag: "resources",
		summary: "Delete one resource of kind " + h.kind.Name,
		access:  worksInTenant, needs: tenancy.ResourceWrite,
		conditionalHeaders: []string{ifMatch},
		response:           response{status: http.StatusNoContent, doc: "Deleted."},
		codes: []tenancy.Code{tenancy.CodeNotFound, tenancy.CodeReferenced,
			tenancy.CodeNotDeletable},
		handle: h.delete,
	}}
}
