package main

import (
	"errors"
	"fmt"
	"io"
)

// terminal holds a command's input, outputs and environment.
type terminal struct {
	in     io.Reader           // nil: no input
	out    io.Writer           // the result, for people or programs
	err    io.Writer           // errors, notes, progress and the server's log
	getenv func(string) string // os.Getenv, or a test's settings
}

// errRefused ends a command that has already printed what was refused.
var errRefused = errors.New("something was refused")

// usageError is a mistake on the command line that the parser can't detect.
type usageError struct{ reason string }

func (e usageError) Error() string { return e.reason }

// usagef returns a usageError. The command then ends with exitUsage.
func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }
