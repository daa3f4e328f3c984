// Package memory implements every port in memory.
//
// It is the reference implementation of each contract, which package portstest
// checks, and a test double for a host app:
//
//	kinds, err := federation.NewKinds(federation.Kind{Name: "note"})
//	services := memory.New(kinds, memory.Options{}).Services()
//
// A Store is safe for concurrent use. It copies what it takes and what it returns,
// so that only a port's method can change what is stored. It encrypts nothing, and
// its data is lost when the process ends.
package memory
