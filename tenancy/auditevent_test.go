package tenancy_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

func TestHostMayRecordItsOwnActionsOnly(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"note.publish", "invoice_2.line.add", "a.0"} {
		must(t, tenancy.Event{Action: action}.CheckHost())
	}
	for _, e := range []tenancy.Event{
		{}, {Action: "publish"}, {Action: "Note.publish"}, {Action: "note.publish "},
		{Action: "resource.update"}, {Action: "rows.insert"}, {Action: "note..publish"},
		{Action: "note." + strings.Repeat("x", 60)}, {Action: "note.publish\n"},
		{Action: "note.publish", Actor: tenancy.Actor{Kind: tenancy.UserPrincipal}},
	} {
		WantCode(t, e.CheckHost(), tenancy.CodeInvalid)
	}
}

var recordedAction = regexp.MustCompile(`(?m)^[^/\n]*(?:Action: +|Event\(|Permission += )"([a-z][a-z_.]*)"`)

// TestEveryActionOfTheLibraryIsReserved reads the library's source.
func TestEveryActionOfTheLibraryIsReserved(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, dir := range []string{".", "../federation", "../adapters"} {
		must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") ||
				strings.HasSuffix(path, "_test.go") || strings.Contains(path, "isolationtest") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, action := range recordedAction.FindAllStringSubmatch(string(source), -1) {
				found[action[1]] = true
			}
			return err
		}))
	}
	if len(found) < 30 || !found["resource.delete"] || !found["signing_key.rotate"] {
		t.Fatalf("too few actions found: %v", found)
	}
	for action := range found {
		if (tenancy.Event{Action: action}).CheckHost() == nil && action != "rows" {
			t.Errorf("a host may record the library's action %s", action)
		}
	}
}
