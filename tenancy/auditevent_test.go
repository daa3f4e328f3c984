package tenancy_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestInvalidEventIsRefused(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]tenancy.Event{
		"no action":                      {Target: tenancy.AuditTarget{Kind: "x"}},
		"details that JSON can't encode": {Action: "x.y", Details: map[string]any{"f": func() {}}},
	} {
		_, err := e.Entry(context.Background())
		if tenancy.CodeOf(err) != tenancy.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzEventEntry verifies that every input of a caller can be recorded, in a form
// that PostgreSQL stores.
func FuzzEventEntry(f *testing.F) {
	f.Add("a", "b")
	f.Add("\x00", `\u0000`)
	f.Add("\\\x00", `\\u0000`)
	f.Add("\xff\x00\xfe", "\"\\\x00")
	f.Fuzz(func(t *testing.T, name, value string) {
		ctx := tenancy.WithRequest(context.Background(),
			tenancy.Request{ID: value, Address: name, Reason: value})
		e, err := tenancy.Event{
			Action: "x" + name, Target: tenancy.AuditTarget{Kind: name, Name: value},
			Details: map[string]any{name: value},
			Actor:   tenancy.Actor{Kind: "user", ID: name, Name: value},
		}.Entry(ctx)
		must(t, err)
		e.Seq, e.ID = 1, "id"
		e, err = e.Link(tenancy.AuditHash{})
		must(t, err)
		var shown any
		must(t, json.Unmarshal(e.Text, &shown))
		if holdsNUL(shown) {
			t.Errorf("%s has a NUL", e.Text)
		}
		must(t, new(tenancy.AuditChain).Next(e))
	})
}

func holdsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "\x00")
	case map[string]any:
		for name, value := range v {
			if holdsNUL(name) || holdsNUL(value) {
				return true
			}
		}
	}
	return false
}
