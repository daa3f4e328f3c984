// Package localpg runs a private PostgreSQL: a separate cluster that only this machine can reach,
// with a generated password. It ends with the process that started it.
//
// The programs are those installed on this machine, or else downloaded (see [Options.Repository]).
// When our user is root, whom PostgreSQL refuses, PostgreSQL runs as the user postgres or nobody.
package localpg
