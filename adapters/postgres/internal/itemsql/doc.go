// Package itemsql writes the SQL that reads, writes and searches items. It runs none of it.
package itemsql
