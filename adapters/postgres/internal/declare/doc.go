// Package declare works out what a host declares of its tables.
package declare
