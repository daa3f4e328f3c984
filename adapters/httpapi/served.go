package httpapi

import "slices"

// Routes returns the patterns of the API's OpenAPI document, such as
// "GET /api/v1/tenants/{tenant}": all that the API serves except its pages for browsers, which show
// no tenant's data. The proof of isolation finds out with it which routes of a router are the
// host's.
func (a *API) Routes() []string { return slices.Clone(a.api.served) }
