package terminal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

func TestWhiteSpaceAtTheEndsOfATokenDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"token", "token\n", "token\r\n", " token\t", "\ufefftoken",
		"token\u00a0", "\u2028token\u200b\n\n"} {
		got, err := terminal.Terminal{Getenv: func(string) string { return text }}.Token("T")
		require.NoError(t, err, "%q", text)
		require.Equal(t, "token", got)
	}
}

func TestTokenThatCannotBeOneIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]string{
		`"secret"`: "quotation marks", "'secret'\n": "quotation marks",
		"“secret”": "quotation marks", "sec\nret": "U+000A", "sec\u00a0ret": "U+00A0",
		"sec\ufeffret": "U+FEFF", "sec\x00ret": "U+0000", "sec\tret": "U+0009",
		"sec ret": "U+0020", "secrét": "U+00E9",
	} {
		getenv := func(string) string { return text }
		_, err := terminal.Terminal{Getenv: getenv}.Token("REGISTRY_TOKEN")
		require.ErrorContains(t, err, "REGISTRY_TOKEN")
		require.ErrorContains(t, err, reason)
		require.NotContains(t, err.Error(), "sec")
	}
}
