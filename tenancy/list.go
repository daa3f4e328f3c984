package tenancy

import "strings"

// CheckLimit returns an error with [CodeInvalid] for the limit of a list that isn't
// positive: every list is a page.
func CheckLimit(limit int) error {
	if limit < 1 {
		return Errorf(CodeInvalid, "a list's limit must be positive")
	}
	return nil
}

// Alternatives names the values that a field may have, for messages: "a, b or c".
func Alternatives[T ~string](values []T) string {
	var b strings.Builder
	for i, v := range values {
		switch {
		case i == 0:
		case i == len(values)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(v))
	}
	return b.String()
}
