package terminal

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Setting returns a setting without the white space and the invisible characters at its ends: an
// editor, a file or a secret store adds them, such as a line break or a byte order mark.
func (t Terminal) Setting(name string) string { return TrimInvisible(t.Getenv(name)) }

// TrimInvisible removes white space and invisible characters from both ends of a text.
func TrimInvisible(text string) string { return strings.TrimFunc(text, isInvisible) }

// Token returns a setting that is sent as a token. It refuses one in quotation marks and one with
// a space or another character in it that no token has. The error doesn't contain the token.
func (t Terminal) Token(name string) (string, error) {
	text := t.Setting(name)
	if err := CheckUnquoted(name, text); err != nil {
		return "", err
	}
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return "", fmt.Errorf("%s contains a space, a line break or another character that no"+
				" token has (%U): set it to the token alone", name, r)
		}
	}
	return text, nil
}

// CheckUnquoted refuses a setting that begins and ends with a quotation mark: a file of settings
// that isn't read by a shell keeps them.
func CheckUnquoted(name, text string) error {
	runes := []rune(text)
	if len(runes) > 1 && isQuote(runes[0]) && isQuote(runes[len(runes)-1]) {
		return fmt.Errorf("%s is in quotation marks: remove them", name)
	}
	return nil
}

func isQuote(r rune) bool { return strings.ContainsRune("\"'`“”„‘’«»", r) }

func isInvisible(r rune) bool {
	return unicode.IsSpace(r) || tenancy.ShowsNothing(r)
}
