// Package memorytest measures the memory that the reading of a hostile bundle takes.
package memorytest
