// Package connstring reads connection strings as libpq means them (PostgreSQL manual,
// "Connection Strings"): a URL, or pairs of a keyword and a value.
//
// It is written here and not imported: a parser that is kept elsewhere (pgconn) would bring a
// second PostgreSQL driver into every host, takes unknown parameters for settings of the
// session, and prints the string in its errors. An error of this package contains no value of
// the string, since a value may be a password that was put into the wrong place.
package connstring
