// Package terminal is what a command works with: input, outputs, environment, tables,
// progress bars, passwords, and the errors that decide the exit status.
package terminal

import (
	"errors"
	"fmt"
	"io"
)

// Terminal holds a command's input, outputs and environment.
type Terminal struct {
	In     io.Reader           // nil: no input
	Out    io.Writer           // the result, for people or programs
	Err    io.Writer           // errors, notes, progress and the server's log
	Getenv func(string) string // os.Getenv, or a test's settings
}

// ErrRefused ends a command that has already printed what was refused.
var ErrRefused = errors.New("something was refused")

// UsageError is a mistake on the command line that the parser can't detect.
type UsageError struct{ reason string }

// Error returns the reason.
func (e UsageError) Error() string { return e.reason }

// Usagef returns a UsageError. The command then ends with the exit status 2.
func Usagef(format string, args ...any) error { return UsageError{fmt.Sprintf(format, args...)} }
