package sqltext

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// QuoteIfNeeded returns name as an SQL identifier for texts that a person reads: it adds
// quotes only where the characters of the name require them. It doesn't quote keywords.
func QuoteIfNeeded(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return Quote(name)
}

// Quote returns name as a quoted SQL identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Qualified returns schema.name as quoted SQL identifiers.
func Qualified(schema, name string) string { return Quote(schema) + "." + Quote(name) }

var qualifiedName = regexp.MustCompile(
	`^("(?:[^"]|"")*"|[^".]+)\.("(?:[^"]|"")*"|[^".]+)$`)

// SplitQualified returns the parts of a qualified SQL name, without quotes. They are empty for any
// other text.
func SplitQualified(sql string) (schema, name string) {
	parts := qualifiedName.FindStringSubmatch(sql)
	if parts == nil {
		return "", ""
	}
	return unquote(parts[1]), unquote(parts[2])
}

func unquote(identifier string) string {
	quoted, ok := strings.CutPrefix(identifier, `"`)
	if !ok {
		return identifier
	}
	return strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
}

// WithoutQuotes returns a qualified SQL name for texts that a person reads.
func WithoutQuotes(sql string) string {
	schema, name := SplitQualified(sql)
	if schema == "" {
		return sql
	}
	return schema + "." + name
}

// Literal returns text as an SQL string constant. Backslashes need no escape, because
// standard_conforming_strings is on: pgdriver requires that.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// maxNameLength is the length in bytes after which PostgreSQL truncates a name
// (NAMEDATALEN - 1).
const maxNameLength = 63

// Shorten returns a name that PostgreSQL doesn't truncate. The end of a name that is too long
// is replaced with the digest of the whole name, so that different names stay different.
func Shorten(name string) string {
	if len(name) <= maxNameLength {
		return name
	}
	end := Digest(name)
	return name[:maxNameLength-len(end)] + end
}

// Digest returns 12 hexadecimal digits of the SHA-256 of text, to use in a name.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
