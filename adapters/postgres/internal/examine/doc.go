// Package examine looks for what weakens the isolation of tenants. Each check is a question to
// the catalog; the findings come with the SQL that mends them.
package examine
