// Package pgbouncer puts a PgBouncer of the tests' own before the database that
// [github.com/bailiwick-go/bailiwick/internal/pgtest] gave them: in transaction
// mode, with [ServerConns] server connections for each database and user, so
// that many clients share few sessions, and whatever one of them leaves behind
// meets the next. Nothing is reset in between, which is transaction mode's
// default.
package pgbouncer

// ServerConns is how many server connections the clients of one user share in
// one database.
const ServerConns = 2
