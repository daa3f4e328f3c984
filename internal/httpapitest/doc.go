// Package httpapitest contains the tests of adapters/httpapi: they start a whole
// registry over adapters/memory and check every response against the OpenAPI document
// that it serves. Package apitest has the registry and its client; the tests of tenant
// isolation are in package isolation.
//
// The tests aren't next to the code, because the modules that a package's own tests
// need are added to the go.sum of every program that imports it.
package httpapitest
