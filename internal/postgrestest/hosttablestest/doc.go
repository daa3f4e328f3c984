// Package hosttablestest tests kinds whose tables a host has made as it makes its tables: with keys
// of other types, without some of the library's columns, with defaults and with soft deletion.
package hosttablestest
