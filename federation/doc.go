// Package federation is the model of what travels between tenants and between
// registries: items, their canonical form and digests, and the bundles that
// carry them.
//
// One representation, [Item], serves the HTTP API, export, import and the
// change feed. [Kinds] says what the items of a registry look like: it is made
// once, from the host's table declarations, and every adapter checks with it.
package federation
