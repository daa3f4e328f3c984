// Package archtest checks what the rooms of the project may import, how large a
// package is ([Sizes]), how text is written ([Texts]) and how many files a usual
// change touches ([UsualChanges]).
//
// The import rules are data ([Rooms], [Distances], [TopLevel]), each with its reason,
// which the test prints next to the forbidden edge. A change that needs a new edge
// adds it there, with the reason why it is right.
package archtest

// Module is the path of the module that the rules are about.
const Module = "github.com/bailiwick-go/bailiwick"
