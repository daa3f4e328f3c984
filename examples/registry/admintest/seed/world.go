package seed

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Password is the password of each person.
const Password = "correct horse battery staple"

// Hostile is in each text of the tenant that is walked. A page that doesn't escape it has an
// element of this name.
const Hostile = `<x-hostile>"'&{{.}}</x-hostile>`

// World is a registry with its tenants and people.
type World struct {
	Server *harness.Server
	A      *Tenant // the tenant whose pages are walked
	B      *Tenant // each text of it is a canary; nil with tenancy off
	Paused string  // the slug of a suspended tenant of the admin of A and B
	People map[string]Person
	Canary []string // how each text of B begins, in lower case
}

// On returns the same world on another server, whose database is a copy.
func (w *World) On(s *harness.Server) *World {
	moved := *w
	moved.Server = s
	moved.A = w.A.on(s)
	if w.B != nil {
		moved.B = w.B.on(s)
	}
	return &moved
}

// Person is a user who signs in with [Password].
type Person struct{ ID, Email string }

// The people of a world. With tenancy off there are only those of A and the super-admin.
const (
	Viewer     = "viewer" // of A alone, as the next two
	Editor     = "editor"
	Admin      = "admin"
	Both       = "both"     // admin of A and B
	Stranger   = "stranger" // a member of no tenant
	SuperAdmin = "super"
)

// MultiTenant fills a registry with tenancy on.
func MultiTenant(t testing.TB, s *harness.Server) *World {
	t.Helper()
	random := "r" + strings.ToLower(rand.Text()[:10])
	w := &World{Server: s, People: map[string]Person{},
		Canary: []string{"canary-" + random, "b-" + random}}
	w.people(t, Viewer, Editor, Admin, Both, Stranger, SuperAdmin)

	w.A = create(t, s, "a-"+random, "Tenant A "+Hostile, hostileText)
	w.B = create(t, s, "b-"+random, "CANARY-"+random+"-tenantname", func(place string) string {
		return "CANARY-" + random + "-" + strings.ReplaceAll(place, " ", "-")
	})
	w.join(t, w.A, tenancy.Viewer, Viewer)
	w.join(t, w.A, tenancy.Editor, Editor)
	w.join(t, w.A, tenancy.Admin, Admin, Both)
	w.join(t, w.B, tenancy.Admin, Both)
	w.A.fill(t)
	w.B.fill(t)
	w.others(t, random)
	w.B.IDs = slices.DeleteFunc(w.B.IDs, func(id string) bool { return id == w.People[Both].ID })
	return w
}

// SingleTenant fills the default tenant of a registry with tenancy off.
func SingleTenant(t testing.TB, s *harness.Server) *World {
	t.Helper()
	w := &World{Server: s, People: map[string]Person{}}
	w.people(t, Viewer, Editor, Admin, SuperAdmin)
	w.A = open(t, s, "default", hostileText)
	w.join(t, w.A, tenancy.Viewer, Viewer)
	w.join(t, w.A, tenancy.Editor, Editor)
	w.join(t, w.A, tenancy.Admin, Admin)
	w.A.fill(t)
	return w
}

func hostileText(place string) string { return place + " " + Hostile }

// people creates users.
func (w *World) people(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		p := Person{Email: name + "@a.example"}
		p.ID = id(t, w.Server.Platform().Send(t, http.MethodPost, "/api/v1/users", map[string]any{
			"email": p.Email, "name": hostileText(name), "password": Password,
			"super_admin": name == SuperAdmin}))
		w.People[name] = p
	}
}

// join makes people members.
func (w *World) join(t testing.TB, tenant *Tenant, role tenancy.Role, people ...string) {
	t.Helper()
	for _, name := range people {
		tenant.addMember(t, w.People[name].ID, role)
	}
}

// others creates tenants of the admin of A and B that no page but the super-admin's may show.
func (w *World) others(t testing.TB, random string) {
	t.Helper()
	w.Paused = "paused-" + random
	paused := create(t, w.Server, w.Paused, "Paused", hostileText)
	w.join(t, paused, tenancy.Admin, Both)
	paused.Caller.SuspendTenant(t)
	create(t, w.Server, "gone-"+random, "Gone", hostileText).Caller.DeleteTenant(t)
}

// id requires success and returns the id in the body.
func id(t testing.TB, r harness.Response) string {
	t.Helper()
	if r.Status >= http.StatusMultipleChoices {
		t.Fatalf("HTTP %d: %s", r.Status, r.Body)
	}
	return harness.Decode[struct{ ID string }](t, r).ID
}
