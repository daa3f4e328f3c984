// Package apitest tests whole registries over their HTTP API, on a real PostgreSQL: the
// isolation of tenants, keys, sign-in, resources, export and import, metrics and traces. It
// also keeps the generated tables in .github/docs up to date.
package apitest
