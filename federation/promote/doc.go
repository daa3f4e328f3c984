// Package promote moves a tenant's configuration from one place to another:
// [Service.Export] writes it as a bundle, [Service.Import] reads a bundle into
// a tenant, wholly or not at all.
//
// An export is kept aside until it is complete, so that what leaves is never
// half a bundle; an import is planned before anything is written, so that a
// conflict is shown instead of met. Neither needs memory that grows with the
// bundle.
package promote
