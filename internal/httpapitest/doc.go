// Package httpapitest holds the tests of adapters/httpapi: a whole registry
// over adapters/memory, every answer of which is held against the OpenAPI
// document that the registry serves.
//
// They stand here and not beside the code, because the modules that a package's
// own tests need end up in the go.sum of every program that imports it.
package httpapitest
