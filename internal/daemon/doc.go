// Package daemon runs a server program as a child of this process: as a user of
// few rights where we are root, in a process group of its own, and for no longer
// than we live.
package daemon
