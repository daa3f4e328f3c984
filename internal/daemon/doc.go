// Package daemon runs a server program as a child of this process: as an unprivileged user if we
// are root, in a separate process group, and on Linux not longer than this process lives.
package daemon
