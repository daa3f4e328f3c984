// Package memory keeps everything that the ports ask for in memory.
//
// It is the model answer to each contract, which package portstest checks, and
// a test double for a host app:
//
//	kinds, err := federation.NewKinds(federation.Kind{Name: "note"})
//	services := memory.New(kinds, memory.Options{}).Services()
//
// A Store is safe for concurrent use. What goes in and what comes out is
// copied: nobody can change what is stored but through a port. Nothing is
// encrypted, and nothing outlives the process.
package memory
