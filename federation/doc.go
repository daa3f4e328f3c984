// Package federation is the model of the data that moves between tenants and
// between registries: items, their canonical form and digests, and the bundles
// that contain them.
//
// The HTTP API, export and import share one representation, [Item]. [Kinds]
// describes the items of a registry. It is built once, from the host's table
// declarations, and every adapter validates items with it.
package federation
