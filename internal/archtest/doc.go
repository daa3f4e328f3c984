// Package archtest holds the rooms of the project to what they may import.
//
// The rules are data ([Rooms], [Distances], [TopLevel]), each with its reason,
// which the test prints beside the forbidden edge. Whoever needs a new edge
// adds it there, with the reason why it is right.
package archtest

// Module is the path of the module that the rules are about.
const Module = "github.com/bailiwick-go/bailiwick"
