package httpapi

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var stateParam = parameter{name: "state", doc: "only tenants in this state", schema: &huma.Schema{
	Type: huma.TypeString, Enum: []any{"active", "suspended", "deleted"},
}}

func (a *api) tenantRoutes() []operation {
	const all = apiRoot + "tenants"
	tenant := goType[tenantBody]()
	return []operation{{
		id: "createTenant", method: http.MethodPost, path: all, tag: "tenants",
		summary: "Create a tenant",
		access:  signedIn, needs: tenancy.ManageTenants, body: jsonBody[tenantInput](),
		response: response{status: http.StatusCreated, doc: "The tenant.", schema: tenant,
			headers: []string{"ETag", "Location"}},
		codes: []tenancy.Code{
			tenancy.CodeForbidden, tenancy.CodeInvalidSlug, tenancy.CodeSlugReserved,
			tenancy.CodeSlugTaken, tenancy.CodeInvalidState,
		},
		handle: a.createTenant,
	}, {
		id: "listTenants", method: http.MethodGet, path: all, tag: "tenants",
		summary: "List the caller's tenants; of a super-admin, all",
		access:  signedIn, params: slices.Concat([]parameter{stateParam}, pageParams),
		response: response{status: http.StatusOK, doc: "One page, in the order of slugs.",
			schema: goType[page[tenantBody]]()},
		handle: a.listTenants,
	}, {
		id: "getTenant", method: http.MethodGet, path: tenantRoot, tag: "tenants",
		summary: "Get a tenant",
		access:  managesTenant, needs: tenancy.ReadTenant,
		conditionalHeaders: []string{ifNoneMatch},
		response: response{status: http.StatusOK, doc: "The tenant.", schema: tenant,
			headers: []string{"ETag"}},
		moreResponses: []response{{status: http.StatusNotModified, doc: "If-None-Match has its ETag.",
			headers: []string{"ETag"}}},
		handle: a.getTenant,
	}, {
		id: "updateTenant", method: http.MethodPut, path: tenantRoot, tag: "tenants",
		summary: "Change a tenant; its state and its quotas only as a super-admin",
		access:  managesTenant, needs: tenancy.UpdateTenant, conditionalHeaders: []string{ifMatch},
		body: jsonBody[tenantChange](),
		response: response{status: http.StatusOK, doc: "The tenant as it is now.", schema: tenant,
			headers: []string{"ETag"}},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.updateTenant,
	}, {
		id: "deleteTenant", method: http.MethodDelete, path: tenantRoot, tag: "tenants",
		summary: "Delete a tenant, softly",
		access:  managesTenant, needs: tenancy.ManageTenants, conditionalHeaders: []string{ifMatch},
		response: response{status: http.StatusNoContent,
			doc: "Its keys have stopped; its data and its slug are kept."},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.deleteTenant,
	}, {
		id: "restoreTenant", method: http.MethodPost, path: tenantRoot + "/restore", tag: "tenants",
		summary: "Restore a deleted tenant",
		access:  managesTenant, needs: tenancy.ManageTenants,
		response: response{status: http.StatusOK, doc: "The tenant, active again.", schema: tenant,
			headers: []string{"ETag"}},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.restoreTenant,
	}, {
		id: "purgeTenant", method: http.MethodPost, path: tenantRoot + "/purge", tag: "tenants",
		summary: "Remove a deleted tenant with everything that it has, for good",
		access:  managesTenant, needs: tenancy.ManageTenants, body: jsonBody[purgeInput](),
		response: response{status: http.StatusOK,
			doc:    "What was removed. The platform's audit log keeps it too.",
			schema: goType[certificateBody]()},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.purgeTenant,
	}}
}

func (a *api) keyRoutes() []operation {
	const all = tenantRoot + "/keys"
	return []operation{{
		id: "createKey", method: http.MethodPost, path: all, tag: "keys",
		summary: "Create an API key",
		access:  managesTenant, needs: tenancy.WriteKeys, body: jsonBody[keyInput](),
		response: response{status: http.StatusCreated, doc: "The key with its secret.",
			schema: goType[newKeyBody](), headers: []string{"Location"}},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.createKey,
	}, {
		id: "listKeys", method: http.MethodGet, path: all, tag: "keys",
		summary: "List the API keys, without secrets",
		access:  managesTenant, needs: tenancy.ReadKeys, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page, oldest first.",
			schema: goType[page[keyBody]]()},
		handle: a.listKeys,
	}, {
		id: "rotateKey", method: http.MethodPost, path: all + "/{id}/rotate", tag: "keys",
		summary: "Replace an API key by a new one, and let it work on for a while",
		access:  managesTenant, needs: tenancy.WriteKeys, body: jsonBody[rotateInput](),
		response: response{status: http.StatusCreated, doc: "The new key with its secret.",
			schema: goType[newKeyBody](), headers: []string{"Location"}},
		codes:  []tenancy.Code{tenancy.CodeNotFound, tenancy.CodeInvalidState},
		handle: a.rotateKey,
	}, {
		id: "revokeKey", method: http.MethodDelete, path: all + "/{id}", tag: "keys",
		summary: "Revoke an API key",
		access:  managesTenant, needs: tenancy.WriteKeys,
		codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent,
			doc: "It is refused from the next request on."},
		handle: a.revokeKey,
	}}
}
