// Package notify tells the instances of a service what others have changed.
package notify
