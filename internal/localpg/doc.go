// Package localpg runs a private PostgreSQL: a cluster of its own, reachable
// from this machine only, with a generated password, that lives no longer than
// the process that started it.
//
// The programs come from the machine, where PostgreSQL is installed, and
// otherwise from a download (see [Options.Repository]). It runs as root, too:
// PostgreSQL refuses that, so it then runs as the user postgres or nobody.
package localpg
