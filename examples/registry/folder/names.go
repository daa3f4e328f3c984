package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// longestName is the longest file name without its extension, in bytes. It leaves room within the
// 255 bytes of most file systems, and within the 260 of a whole path on Windows.
const longestName = 100

// fileName returns a name under which every file system keeps a file. It has lower-case letters,
// digits, "_", "-" and inner dots as they are, "!a" for "A", and "%2f" for any other byte, so that
// two names never meet where case or Unicode forms don't count. A name that is too long is cut, and
// gets its SHA-256.
func fileName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte('!')
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-',
			c == '.' && i > 0 && i < len(name)-1:
			b.WriteByte(c)
		default:
			b.WriteString(percent(c))
		}
	}
	escaped := b.String()
	if isDevice(escaped) {
		escaped = percent(escaped[0]) + escaped[1:]
	}
	if len(escaped) <= longestName {
		return escaped
	}
	sum := sha256.Sum256([]byte(name))
	return cut(escaped, longestName-33) + "~" + hex.EncodeToString(sum[:16])
}

func percent(c byte) string { return "%" + hex.EncodeToString([]byte{c}) }

// cut returns the first n bytes of an escaped name, and doesn't end within an escape.
func cut(escaped string, n int) string {
	end := n
	if at := strings.LastIndexAny(escaped[:n], "%!"); at >= 0 {
		size := 2
		if escaped[at] == '%' {
			size = 3
		}
		if at+size > n {
			end = at
		}
	}
	return escaped[:end]
}

// devices are names that mean a device on Windows, with every extension
// (learn.microsoft.com/windows/win32/fileio/naming-a-file).
var devices = []string{"con", "prn", "aux", "nul",
	"com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

func isDevice(escaped string) bool {
	base, _, _ := strings.Cut(escaped, ".")
	return slices.Contains(devices, base)
}
