// Package session sends statements to PostgreSQL. Each one is scoped to the tenant of its
// context, has a deadline that the server enforces, and is cancelled on the server when its
// context ends. It leaves nothing on the connection for the next user, with a pool on either
// side of the network.
package session
