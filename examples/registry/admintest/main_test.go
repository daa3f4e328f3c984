package admintest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/walk"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/browser"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) {
	harness.ExitIfProgram()
	os.Exit(browser.Stop(pgtest.Run(m)))
}

// worlds are those with tenancy on and off that have one of everything. Each is filled once: its
// database is copied for each test.
var (
	withTenancy    = world{key: "with tenancy", multiTenant: "true", fill: seed.MultiTenant}
	withoutTenancy = world{key: "without tenancy", multiTenant: "false", fill: seed.SingleTenant}
)

// world is a database to copy, with what is in it.
type world struct {
	key, multiTenant string
	fill             func(testing.TB, *harness.Server) *seed.World
	filled           *seed.World
}

// multiTenant returns a registry with tenancy on that has one of everything.
func multiTenant(t *testing.T) *seed.World {
	t.Helper()
	return withTenancy.copy(t)
}

// singleTenant returns a registry with tenancy off that has one of everything.
func singleTenant(t *testing.T) *seed.World {
	t.Helper()
	return withoutTenancy.copy(t)
}

// copy returns the world on a server of this test's own.
func (x *world) copy(t *testing.T) *seed.World {
	t.Helper()
	database := pgtest.Template(t, x.key, func(url string) error {
		if err := harness.MigrateDatabase(t)(url); err != nil {
			return err
		}
		during := &part{TB: t}
		defer during.end()
		x.filled = x.fill(during, x.serve(during, url))
		return nil
	})
	return x.filled.On(x.serve(t, database))
}

func (x *world) serve(t testing.TB, database string) *harness.Server {
	t.Helper()
	return harness.Serve(t,
		map[string]string{"DATABASE_URL": database, "MULTI_TENANT": x.multiTenant})
}

// part is a part of a test, with a cleanup at its own end.
type part struct {
	testing.TB
	ends []func()
}

// Cleanup calls f when the part ends.
func (p *part) Cleanup(f func()) { p.ends = append(p.ends, f) }

func (p *part) end() {
	for _, f := range slices.Backward(p.ends) {
		f()
	}
}

func migratedDatabase(t testing.TB) string {
	t.Helper()
	return pgtest.Template(t, "registry", harness.MigrateDatabase(t))
}

// listsOfAll are the pages of super-admins with what is in all tenants: people, and the audit log
// of the installation.
var listsOfAll = regexp.MustCompile(`^/admin/(users|audit)`)

// options returns those of a walk of a person through the pages of A.
func options(w *seed.World, person string) walk.Options {
	o := walk.Options{Base: w.Server.URL, Email: w.People[person].Email, Password: seed.Password,
		UserID: w.People[person].ID, Slug: w.A.Slug, Name: w.A.Name, ID: w.A.ID,
		MultiTenant: w.B != nil, Mine: []string{w.A.Slug}, Canary: w.Canary, Upload: w.A.Bundle}
	o.Keep = w.A.Agent
	o.Fill = map[string]string{"text.type": "schedule", "text.effect": "allow",
		"name.agent": w.A.Agent, "name.subject": w.A.Agent, "labels": "team=walked"}
	if w.B != nil {
		o.Others = []walk.Other{{Slug: w.B.Slug, ID: w.B.ID, IDs: w.B.IDs, Names: w.B.Names,
			Cursors: w.B.Cursors}}
	}
	if w.B != nil && (person == seed.Both || person == seed.SuperAdmin) {
		o.Known = []string{strings.ToLower(w.B.Name), w.B.Slug}
		o.Mine = append(o.Mine, w.B.Slug, w.Paused)
	}
	if person == seed.SuperAdmin {
		o.Lists = listsOfAll
	}
	return o
}
