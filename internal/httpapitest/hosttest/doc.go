// Package hosttest tests what adapters/httpapi offers a host with a service already: groups of
// routes that are off, ports that are missing, its own error format, callers and permissions.
package hosttest
