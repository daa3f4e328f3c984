package httpapi

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var stateParam = parameter{name: "state", doc: "only tenants in this state",
	schema: oneOf(tenancy.States())}

// tenantRoutes returns the routes for tenants. Most of them accept a deleted tenant
// from a super-admin, who can then restore or purge it.
func (a *api) tenantRoutes() []operation {
	const all = apiRoot + "tenants"
	tenant := goType[tenantBody]()
	return []operation{{
		id: "createTenant", method: http.MethodPost, path: all, tag: "tenants",
		summary: "Create a tenant",
		access:  signedIn, needs: tenancy.TenantManage, body: jsonBody[tenantInput](),
		response: response{status: http.StatusCreated, doc: "The tenant.", schema: tenant,
			headers: []string{"ETag", "Location"}},
		codes: []tenancy.Code{
			tenancy.CodeForbidden, tenancy.CodeInvalidSlug, tenancy.CodeSlugReserved,
			tenancy.CodeSlugTaken, tenancy.CodeInvalidState,
		},
		handle: a.createTenant,
	}, {
		id: "listTenants", method: http.MethodGet, path: all, tag: "tenants",
		summary: "List the caller's tenants; for a super-admin, all tenants",
		access:  signedIn, params: slices.Concat([]parameter{stateParam, tenantSearchParam}, pageParams),
		response: response{status: http.StatusOK, doc: "One page, sorted by slug.",
			schema: goType[page[tenantBody]]()},
		handle: a.listTenants,
	}, {
		id: "getTenant", method: http.MethodGet, path: tenantRoot, tag: "tenants",
		summary: "Get a tenant",
		access:  managesTenant, needs: tenancy.TenantRead,
		conditionalHeaders: []string{ifNoneMatch},
		response: response{status: http.StatusOK, doc: "The tenant.", schema: tenant,
			headers: []string{"ETag"}},
		moreResponses: []response{
			{status: http.StatusNotModified, doc: "If-None-Match contains the ETag.",
				headers: []string{"ETag"}}},
		handle: a.getTenant,
	}, a.tenantMeRoute(), {
		id: "updateTenant", method: http.MethodPut, path: tenantRoot, tag: "tenants",
		summary: "Change a tenant; only super-admins may change its state and quotas",
		access:  managesTenant, needs: tenancy.TenantUpdate, conditionalHeaders: []string{ifMatch},
		body: jsonBody[tenantChange](),
		response: response{status: http.StatusOK, doc: "The tenant as it is now.", schema: tenant,
			headers: []string{"ETag"}},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.updateTenant,
	}, {
		id: "deleteTenant", method: http.MethodDelete, path: tenantRoot, tag: "tenants",
		summary: "Delete a tenant; it can be restored",
		access:  managesTenant, needs: tenancy.TenantManage, conditionalHeaders: []string{ifMatch},
		response: response{status: http.StatusNoContent,
			doc: "Its keys no longer work. Its data and its slug are kept."},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.deleteTenant,
	}, {
		id: "restoreTenant", method: http.MethodPost, path: tenantRoot + "/restore", tag: "tenants",
		summary: "Restore a deleted tenant",
		access:  managesTenant, needs: tenancy.TenantManage,
		response: response{status: http.StatusOK, doc: "The tenant, active again.", schema: tenant,
			headers: []string{"ETag"}},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.restoreTenant,
	}, {
		id: "purgeTenant", method: http.MethodPost, path: tenantRoot + "/purge", tag: "tenants",
		summary: "Permanently remove a deleted tenant and all its data",
		access:  managesTenant, needs: tenancy.TenantManage, body: jsonBody[purgeInput](),
		response: response{status: http.StatusOK,
			doc:    "The certificate of what was removed. The platform's audit log keeps it.",
			schema: goType[certificateBody]()},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.purgeTenant,
	}}
}

// keyRoutes returns the routes for a tenant's API keys.
func (a *api) keyRoutes() []operation {
	const all = tenantRoot + "/keys"
	return []operation{{
		id: "createKey", method: http.MethodPost, path: all, tag: "keys",
		summary: "Create an API key",
		access:  managesTenant, needs: tenancy.KeyWrite, body: jsonBody[keyInput](),
		response: response{status: http.StatusCreated, doc: "The key with its secret.",
			schema: goType[newKeyBody](), headers: []string{"Location"}},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.createKey,
	}, {
		id: "listKeys", method: http.MethodGet, path: all, tag: "keys",
		summary: "List the API keys, without secrets",
		access:  managesTenant, needs: tenancy.KeyRead, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page, oldest first.",
			schema: goType[page[keyBody]]()},
		handle: a.listKeys,
	}, {
		id: "rotateKey", method: http.MethodPost, path: all + "/{id}/rotate", tag: "keys",
		summary: "Replace an API key by a new one; the old one still works for a while",
		access:  managesTenant, needs: tenancy.KeyWrite, body: jsonBody[rotateInput](),
		response: response{status: http.StatusCreated, doc: "The new key with its secret.",
			schema: goType[newKeyBody](), headers: []string{"Location"}},
		codes:  []tenancy.Code{tenancy.CodeNotFound, tenancy.CodeInvalidState},
		handle: a.rotateKey,
	}, {
		id: "revokeKey", method: http.MethodDelete, path: all + "/{id}", tag: "keys",
		summary: "Revoke an API key",
		access:  managesTenant, needs: tenancy.KeyWrite,
		codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent,
			doc: "The key is refused from the next request on."},
		handle: a.revokeKey,
	}}
}
