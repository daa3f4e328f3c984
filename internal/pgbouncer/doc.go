// Package pgbouncer runs a PgBouncer for tests, before the databases of
// [github.com/bailiwick-go/bailiwick/internal/pgtest]. It runs in transaction mode, with
// [ServerConns] server connections for each database and user. Many clients share few sessions, and
// a client finds the state that another one left in its session: in transaction mode PgBouncer
// resets nothing by default.
package pgbouncer

// ServerConns is how many server connections the clients of one user share in
// one database.
const ServerConns = 2
