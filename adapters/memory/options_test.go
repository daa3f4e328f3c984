package memory_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var settings = federation.Ref{Kind: "settings", Name: "default"}

func TestTimesAreTruncatedToMicrosecondsInUTC(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3*60*60)
	s := newStore(t, memory.Options{
		Clock: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 123456789, east) }})
	want := time.Date(2026, 1, 2, 0, 4, 5, 123456000, time.UTC)

	stored, _, err := s.Resources.Put(t.Context(), tenancy.DefaultID, widget("w", `{}`),
		ports.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := s.Tenants.Get(t.Context(), tenancy.DefaultID)
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]time.Time{
		"a resource's CreatedAt": stored.CreatedAt, "a resource's UpdatedAt": stored.UpdatedAt,
		"a tenant's CreatedAt": tenant.CreatedAt,
	} {
		if got != want {
			t.Errorf("%s = %v; want %v", what, got, want)
		}
	}
}

func TestNewIDCreatesTheIDs(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	s := newStore(t, memory.Options{NewID: func() string { return fmt.Sprint("id ", made.Add(1)) }})
	if s.Instance != "id 1" {
		t.Errorf("Instance = %q; want the first id", s.Instance)
	}
	stored, _, err := s.Resources.Put(t.Context(), tenancy.DefaultID, widget("w", `{}`),
		ports.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	if stored.ID != "id 3" {
		t.Errorf("ID = %q; want the third id, after those of the installation and the default"+
			" settings",
			stored.ID)
	}
}

func TestNewTenantsHaveTheSingletonsOfOptions(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{
		Singletons: map[string]json.RawMessage{
			"settings": json.RawMessage(`{ "mode": "closed" }`)}})
	made, err := s.Tenants.Create(t.Context(), tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []tenancy.ID{tenancy.DefaultID, made.ID} {
		got, err := s.Resources.Get(t.Context(), tenant, settings)
		if err != nil {
			t.Fatal(err)
		}
		if string(got.Spec) != `{"mode":"closed"}` {
			t.Errorf("spec = %s; want that of Options.Singletons", got.Spec)
		}
	}
}

func TestNewPanicsOnInvalidSingletons(t *testing.T) {
	t.Parallel()
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	for spec, kind := range map[string]string{
		`{}`: "widget", `{ }`: "gadget", `{"mode":"ajar"}`: "settings",
		`{"maker":"missing"}`: "settings",
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "Options.Singletons") ||
					!strings.Contains(got, kind) {
					t.Errorf("New with the singleton %s %s panics with %q; want the option and"+
						" the kind", kind, spec, got)
				}
			}()
			memory.New(kinds, memory.Options{
				Singletons: map[string]json.RawMessage{kind: json.RawMessage(spec)}})
		}()
	}
}

func TestNilKindsMeanNoKinds(t *testing.T) {
	t.Parallel()
	s := memory.New(nil, memory.Options{}).Services()
	if got := len(s.Kinds.All()); got != 0 {
		t.Errorf("New(nil) has %d kinds; want none", got)
	}
	if _, err := s.Tenants.BySlug(t.Context(), tenancy.DefaultSlug); err != nil {
		t.Error(err)
	}
}

func widget(name, spec string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: "widget", Name: name},
		Spec: json.RawMessage(spec)}
}
