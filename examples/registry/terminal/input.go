package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassword is the longest password line, in bytes.
const maxPassword = 8192

// ReadPassword reads a new password. A terminal prompts for it twice, without
// echo; otherwise it is the first line of standard input. It is never an argument,
// because every process can read a command line.
func (t Terminal) ReadPassword() (string, error) {
	f, ok := File(t.In)
	if !ok {
		return firstLine(t.In)
	}
	first, err := t.prompt(f, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := t.prompt(f, "Repeat the password: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the passwords don't match: nothing was changed")
	}
	return first, nil
}

// prompt prints a prompt to standard error and reads one line without echo.
func (t Terminal) prompt(f *os.File, prompt string) (string, error) {
	fmt.Fprint(t.Err, prompt)
	typed, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(t.Err)
	return string(typed), err
}

// firstLine returns the first line without its line end, which can be LF or CRLF. Other
// space is part of the password.
func firstLine(in io.Reader) (string, error) {
	if in == nil {
		return "", Usagef("--password requires a password on standard input")
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); line == "" {
		return "", Usagef("--password requires a password on standard input")
	}
	return line, nil
}

// ReadLine reads one line of input, without surrounding space. Without input it
// returns "".
func (t Terminal) ReadLine() string {
	if t.In == nil {
		return ""
	}
	text, _ := bufio.NewReader(t.In).ReadString('\n') // a last line without line feed counts too
	return strings.TrimSpace(text)
}
