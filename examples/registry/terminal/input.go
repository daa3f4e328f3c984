package terminal

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

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
	return t.promptTwice(f, "password")
}

// maxSecret is the longest value of a secret, in bytes.
const maxSecret = 1 << 20

// ReadSecret reads the value of a secret: the named file as it is, with the name "-" standard
// input. Without a name a terminal prompts for it twice, without echo; otherwise it is standard
// input without the line end of its last line. It is never an argument, because every process can
// read a command line, and shells remember it.
func (t Terminal) ReadSecret(name string) (string, error) {
	if f, ok := File(t.In); ok && name == "" {
		return t.promptTwice(f, "value")
	}
	in, err := t.Open(cmp.Or(name, Standard))
	if err != nil {
		return "", err
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, maxSecret+1))
	if err != nil {
		return "", err
	}
	value := string(raw)
	if name == "" {
		value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	}
	switch {
	case value == "":
		return "", Usagef("the value is empty: to remove it, use secret unset")
	case len(raw) > maxSecret:
		return "", Usagef("the value is longer than %d bytes", maxSecret)
	case !utf8.ValidString(value):
		return "", Usagef("the value isn't UTF-8: encode it, for example with base64")
	}
	return value, nil
}

// promptTwice prompts for something that isn't echoed, and for the same again.
func (t Terminal) promptTwice(f *os.File, what string) (string, error) {
	first, err := t.prompt(f, strings.ToUpper(what[:1])+what[1:]+": ")
	if err != nil {
		return "", err
	}
	second, err := t.prompt(f, "Repeat the "+what+": ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", fmt.Errorf("the two %ss don't match: nothing was changed", what)
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
