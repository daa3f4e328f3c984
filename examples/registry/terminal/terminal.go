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

func (e UsageError) Error() string { return e.reason }

// Usagef returns a usageError. The command then ends with exitUsage.
func Usagef(format string, args ...any) error { return UsageError{fmt.Sprintf(format, args...)} }
