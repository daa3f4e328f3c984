package session

import (
	"database/sql/driver"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// withArguments replaces the placeholders $1, $2 … of a statement by constants. The statement
// is then one message, to which the tenant can be added, and its text can be checked. Each
// constant is quoted: like a parameter it has no type until PostgreSQL finds one.
//
// pgdriver does this too, but it replaces placeholders in comments, names and constants with
// escapes, and drops bytes that PostgreSQL can't store.
func withArguments(query string, args []driver.NamedValue) (string, error) {
	if len(args) == 0 {
		return query, nil
	}
	b := make([]byte, 0, 2*len(query))
	used := 0
	afterText := false // the last token other than space and comments is a constant
	for rest := query; rest != ""; {
		kind, n := sqllex.Next(rest)
		if digits := placeholder(rest); digits > 0 {
			if afterText { // PostgreSQL would take both for one constant
				return "", refuse("a placeholder follows a constant")
			}
			i, err := strconv.Atoi(rest[1 : 1+digits])
			if err != nil || i < 1 || i > len(args) {
				return "", refuse("the statement has the placeholder %s, and %d arguments",
					rest[:1+digits], len(args))
			}
			if b, err = appendArgument(b, args[i-1]); err != nil {
				return "", err
			}
			used, kind, n = max(used, i), sqllex.Text, 1+digits
		} else {
			b = append(b, rest[:n]...)
		}
		if kind != sqllex.Space && kind != sqllex.Comment {
			afterText = kind == sqllex.Text
		}
		rest = rest[n:]
	}
	if used < len(args) {
		return "", refuse("the statement has placeholders up to $%d, and %d arguments",
			used, len(args))
	}
	return string(b), nil
}

// placeholder returns the number of digits if a token that begins with $ is a placeholder.
func placeholder(text string) int {
	if text[0] != '$' {
		return 0
	}
	n := 1
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n - 1
}

// appendArgument writes an argument. The spaces keep the constant apart from what is written
// next to the placeholder: U& and a quote would change how it is read.
func appendArgument(b []byte, arg driver.NamedValue) ([]byte, error) {
	if arg.Name != "" {
		return nil, refuse("the argument %s has a name: use $1", arg.Name)
	}
	if isNull(arg.Value) {
		return append(b, " NULL "...), nil
	}
	b = append(b, " '"...)
	b, err := appendValue(b, arg)
	return append(b, "' "...), err
}

func isNull(value any) bool {
	bytes, ok := value.([]byte)
	return value == nil || ok && bytes == nil
}

// appendValue writes what is between the quotes.
func appendValue(b []byte, arg driver.NamedValue) ([]byte, error) {
	switch v := arg.Value.(type) {
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		if math.IsInf(v, 0) {
			return append(strconv.AppendFloat(b, v, 'f', -1, 64), "inity"...), nil
		}
		return strconv.AppendFloat(b, v, 'f', -1, 64), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case []byte:
		return hex.AppendEncode(append(b, `\x`...), v), nil
	case string:
		if strings.Contains(v, "\x00") || !utf8.ValidString(v) {
			return nil, invalidArgument(arg, "isn't a text that PostgreSQL can store: it has"+
				" invalid UTF-8 or a zero byte")
		}
		return append(b, strings.ReplaceAll(v, "'", "''")...), nil
	case time.Time:
		v = v.UTC()
		if v.Year() < 1 || v.Year() > 9999 {
			return nil, invalidArgument(arg, "is a time before the year 1 or after 9999")
		}
		return v.AppendFormat(b, "2006-01-02 15:04:05.999999-07:00"), nil
	}
	return nil, refuse("the argument $%d has the type %T", arg.Ordinal, arg.Value)
}

func invalidArgument(arg driver.NamedValue, why string) error {
	return tenancy.Errorf(tenancy.CodeInvalid, "the argument $%d %s", arg.Ordinal, why)
}
