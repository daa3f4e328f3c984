// Package itemsql builds the SQL that reads, writes, references and searches items of declared
// tables.
package itemsql
