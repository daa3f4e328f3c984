// Package notify notifies the instances of a service about changes that other instances make, so
// that they can invalidate their caches.
package notify
