package folder

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// writeYAML returns a value as YAML that every reader of YAML 1.1 and 1.2 takes for the same
// value: texts are always in quotes, so that none is read as a number, a date or a truth value.
// first are the members of the outermost object that come first, in this order.
func writeYAML(object map[string]any, first ...string) []byte {
	var b strings.Builder
	names := slices.Clone(first)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(first, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if value, ok := object[name]; ok {
			writeMember(&b, "", name, value)
		}
	}
	return []byte(b.String())
}

// writeMember writes a member of an object whose lines begin with indent.
func writeMember(b *strings.Builder, indent, name string, value any) {
	b.WriteString(indent + key(name) + ":")
	if inline, ok := scalar(value); ok {
		b.WriteString(" " + inline + "\n")
		return
	}
	b.WriteByte('\n')
	writeBlock(b, indent+"  ", value)
}

// writeBlock writes the members of an object or the elements of a list, which has some.
func writeBlock(b *strings.Builder, indent string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			writeMember(b, indent, name, v[name])
		}
	case []any:
		for _, element := range v {
			if inline, ok := scalar(element); ok {
				b.WriteString(indent + "- " + inline + "\n")
				continue
			}
			var block strings.Builder
			writeBlock(&block, indent+"  ", element)
			b.WriteString(indent + "- " + block.String()[len(indent)+2:])
		}
	}
}

// scalar returns a value that is written in one line.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "null", true
	case bool:
		return fmt.Sprint(v), true
	case json.Number:
		return number(string(v)), true
	case string:
		return quote(v), true
	case []any:
		return "[]", len(v) == 0
	case map[string]any:
		return "{}", len(v) == 0
	}
	panic(fmt.Sprintf("folder: a value of JSON has the type %T", value))
}

// number writes a number in the notation that YAML 1.1 and 1.2 take for one: with an exponent it
// needs a point, and the exponent a sign.
func number(text string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(text), "e")
	if !ok {
		return text
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if exponent[0] != '-' && exponent[0] != '+' {
		exponent = "+" + exponent
	}
	return mantissa + "e" + exponent
}

// plainKey matches names that are safe without quotes, unless they are among otherKeys.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// otherKeys are words that some reader takes for another type.
var otherKeys = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

func key(name string) string {
	if plainKey.MatchString(name) && !slices.Contains(otherKeys, strings.ToLower(name)) {
		return name
	}
	return quote(name)
}

// quote writes a text in double quotes. What isn't printable is escaped, such as the line ends of
// YAML 1.1 that JSON leaves as they are.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
