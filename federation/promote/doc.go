// Package promote exports and imports a tenant's configuration: [Service.Export]
// writes it as a bundle, [Service.Import] reads a bundle into a tenant in one
// transaction.
//
// An export is spooled until it is complete, so that no caller gets an incomplete
// bundle. An import is planned before anything is written, so that all conflicts
// are reported at once. The memory of both doesn't grow with the bundle.
package promote
