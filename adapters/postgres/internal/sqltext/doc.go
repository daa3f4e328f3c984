// Package sqltext writes identifiers and string constants of PostgreSQL's SQL.
package sqltext
