// Package declare turns a host's declarations of tables into the facts that the SQL for their
// items is made from.
package declare
