package adopt

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

const tenantColumn = "tenant_id"

// maxName is the longest identifier, in bytes (NAMEDATALEN - 1).
const maxName = 63

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = quote(n)
	}
	return strings.Join(all, ", ")
}

// defaultName is the name that PostgreSQL gives to what has none
// (makeObjectName in src/backend/commands/indexcmds.c): when it is too long, the
// longer of its two parts is cut first.
func defaultName(table string, columns []string, label string) string {
	var joined string
	for _, c := range columns {
		if joined != "" {
			joined += "_"
		}
		joined = clip(joined+c, maxName)
	}
	if label == "pkey" {
		joined = ""
	}
	room := maxName - len(label) - 1
	if joined != "" {
		room--
	}
	first, second := len(table), len(joined)
	for first+second > room {
		if first > second {
			first--
		} else {
			second--
		}
	}
	name := clip(table, first)
	if joined != "" {
		name += "_" + clip(joined, second)
	}
	return name + "_" + label
}

// clip cuts a text to at most size bytes, between characters.
func clip(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// interim is the name of what can't have its own yet, since the old thing still
// has it.
func interim(prefix, name string) string {
	full := "bailiwick_" + prefix + "_" + name
	if len(full) <= maxName {
		return full
	}
	sum := sha256.Sum256([]byte(name))
	return clip(full, maxName-9) + "_" + hex.EncodeToString(sum[:4])
}
