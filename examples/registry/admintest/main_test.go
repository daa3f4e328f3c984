package admintest

import (
	"os"
	"regexp"
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

// multiTenant returns a registry with tenancy on that has one of everything.
func multiTenant(t *testing.T) *seed.World {
	t.Helper()
	return seed.MultiTenant(t, harness.ServeOn(t, migratedDatabase(t)))
}

// singleTenant returns a registry with tenancy off that has one of everything.
func singleTenant(t *testing.T) *seed.World {
	t.Helper()
	return seed.SingleTenant(t,
		harness.Serve(t, map[string]string{"DATABASE_URL": migratedDatabase(t)}))
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
