// Package session is how statements reach PostgreSQL: each one scoped to the
// tenant of its context, with a deadline that the server keeps, stopped there
// when its context ends, and leaving nothing behind on a connection that others
// use next, whatever pools connections on either side of the network.
package session
