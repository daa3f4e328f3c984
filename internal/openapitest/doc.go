// Package openapitest holds the answers of a server against the OpenAPI
// document that it serves, while other tests talk to it.
//
// [New] reads the document once; [Document.Client] is an HTTP client for tests
// that fails the test on every answer that the document doesn't admit: an
// undeclared status, another content type, a missing header, a body that isn't
// valid against the schema.
package openapitest
