// Package sqltext writes names and constants into SQL.
package sqltext
