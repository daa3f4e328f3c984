package tenancy_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	_ encoding.TextMarshaler   = tenancy.ID{}
	_ encoding.TextUnmarshaler = (*tenancy.ID)(nil)
	_ driver.Valuer            = tenancy.ID{}
	_ sql.Scanner              = (*tenancy.ID)(nil)
)

const text = "01900000-0000-7000-8000-00000000abcd"

func TestNewIDIsTimeOrderedUUIDv7(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(
		`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	previous := ""
	for range 1000 {
		id := tenancy.NewID().String()
		if !form.MatchString(id) {
			t.Fatalf("%s is not a UUIDv7", id)
		}
		if id <= previous {
			t.Fatalf("%s came after %s", id, previous)
		}
		previous = id
	}
}

func TestDefaultIDNeverChanges(t *testing.T) {
	t.Parallel()
	if got := tenancy.DefaultID.String(); got != "01900000-0000-7000-8000-000000000000" {
		t.Errorf("DefaultID is %s, but existing databases have another one as column default",
			got)
	}
}

func TestParseIDAcceptsOnly36CharacterForm(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "acme", text[:35], text + "0", " " + text[:35], text + "\n",
		strings.ReplaceAll(text, "-", ""),
		"{" + text + "}",
		"urn:uuid:" + text,
		strings.ReplaceAll(text, "-", "_"),
		strings.Replace(text, "a", "g", 1),
		"00000000-0000-0000-0000-000000000000",
	} {
		id, err := tenancy.ParseID(in)
		WantCode(t, err, tenancy.CodeInvalid)
		if !id.IsZero() {
			t.Errorf("ParseID(%q) returned %s with its error", in, id)
		}
	}
	for _, in := range []string{text, strings.ToUpper(text)} {
		id, err := tenancy.ParseID(in)
		if err != nil || id.String() != text {
			t.Errorf("ParseID(%q) = %s, %v", in, id, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(text)
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Add("{0190000-0000-7000-8000-00000000abcd}")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := tenancy.ParseID(s)
		if err != nil {
			WantCode(t, err, tenancy.CodeInvalid)
			return
		}
		if id.IsZero() || !strings.EqualFold(id.String(), s) {
			t.Errorf("ParseID(%q) = %s", s, id)
		}
	})
}

func TestIDIsTextInJSON(t *testing.T) {
	t.Parallel()
	var in struct{ Tenant tenancy.ID }
	if err := json.Unmarshal([]byte(`{"Tenant":"`+text+`"}`), &in); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(in)
	if err != nil || string(out) != `{"Tenant":"`+text+`"}` {
		t.Errorf("%s, %v", out, err)
	}
	WantCode(t, json.Unmarshal([]byte(`{"Tenant":"acme"}`), &in), tenancy.CodeInvalid)
	if in.Tenant.String() != text {
		t.Errorf("a refused text changed the id to %s", in.Tenant)
	}
}

func TestZeroIDIsRefusedAsSQLValue(t *testing.T) {
	t.Parallel()
	_, err := tenancy.ID{}.Value()
	WantCode(t, err, tenancy.CodeNoTenant)

	v, err := tenancy.DefaultID.Value()
	if err != nil || v != tenancy.DefaultID.String() {
		t.Errorf("Value() = %v, %v", v, err)
	}
}

func TestIDIsScannedOnlyFromText(t *testing.T) {
	t.Parallel()
	for _, src := range []any{text, []byte(text)} {
		var id tenancy.ID
		if err := id.Scan(src); err != nil || id.String() != text {
			t.Errorf("Scan(%T) = %s, %v", src, id, err)
		}
	}
	for _, src := range []any{nil, 7, "acme", []byte(nil), [16]byte{1}} {
		var id tenancy.ID
		if err := id.Scan(src); err == nil || !id.IsZero() {
			t.Errorf("Scan(%#v) = %s, %v", src, id, err)
		}
	}
}
