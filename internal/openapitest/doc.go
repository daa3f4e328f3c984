// Package openapitest checks the responses of a server against the OpenAPI document
// that it serves, while other tests use the server.
//
// [New] parses the document once; [Document.Client] returns an HTTP client for tests
// that fails the test on every response that the document doesn't allow: an undeclared
// status or content type, a missing header, a body that isn't valid against the schema.
package openapitest
