package adopt

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

const tenantColumn = "tenant_id"

// maxName is the longest identifier, in bytes (NAMEDATALEN - 1).
const maxName = 63

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = sqltext.Quote(n)
	}
	return strings.Join(all, ", ")
}

// defaultName returns the name that PostgreSQL gives to an unnamed constraint or index
// (makeObjectName in src/backend/commands/indexcmds.c). If it is too long, the longer of its
// two parts is cut first.
func defaultName(table string, columns []string, label string) string {
	var joined string
	for _, c := range columns {
		if joined != "" {
			joined += "_"
		}
		joined = truncate(joined+c, maxName)
	}
	if label == "pkey" {
		joined = ""
	}
	space := maxName - len(label) - 1
	if joined != "" {
		space--
	}
	first, second := len(table), len(joined)
	for first+second > space {
		if first > second {
			first--
		} else {
			second--
		}
	}
	name := truncate(table, first)
	if joined != "" {
		name += "_" + truncate(joined, second)
	}
	return name + "_" + label
}

// truncate cuts a text to at most size bytes, and never within a character.
func truncate(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// temporaryName returns the name of an object whose final name the old object still has.
func temporaryName(prefix, name string) string {
	full := "bailiwick_" + prefix + "_" + name
	if len(full) <= maxName {
		return full
	}
	sum := sha256.Sum256([]byte(name))
	return truncate(full, maxName-9) + "_" + hex.EncodeToString(sum[:4])
}
