// Package promotion tests imports after the first one from a source.
package promotion
