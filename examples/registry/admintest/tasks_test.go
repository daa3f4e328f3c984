package admintest

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// task is what someone does every day. Each begins where the one before ended.
type task struct {
	name string
	do   func(h hands, w *seed.World)
}

// tasks of a person who is admin of A and B.
var tasks = []task{
	{"sign in", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/prompts")
		h.fill("E-mail address", w.People[seed.Both].Email)
		h.fill("Password", seed.Password)
		h.p.Press("Enter")
		require.Equal(h.t, w.Server.URL+"/admin/t/"+w.A.Slug+"/prompts", h.p.URL())
	}},
	{"create a resource", func(h hands, w *seed.World) {
		h.skip()
		h.follow("New")
		h.skip()
		h.fill("Name", "by-hand")
		h.fill("Description", "typed")
		h.follow("Create")
		h.sees("by-hand")
		require.Equal(h.t, "typed", w.A.Caller.Spec(h.t, "prompt", "by-hand")["description"])
	}},
	{"edit a resource", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/prompts?q=by-hand")
		h.skip()
		h.follow("Edit by-hand")
		h.skip()
		h.fill("Description", "changed")
		h.follow("Save")
		require.Equal(h.t, "changed", w.A.Caller.Spec(h.t, "prompt", "by-hand")["description"])
		require.Contains(h.t, h.p.URL(), "q=by-hand", "the filter is lost")
	}},
	{"pick a reference", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/agents?new=true")
		h.skip()
		h.fill("Name", "picked")
		h.fill("Extends", w.A.Agent)
		h.follow("Create")
		require.Equal(h.t, w.A.Agent, w.A.Caller.Spec(h.t, "agent", "picked")["extends"])
	}},
	{"delete a resource", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/prompts?q=by-hand")
		h.skip()
		h.follow("Delete by-hand")
		h.skip()
		h.follow("Delete")
		w.A.Caller.Get(h.t, "/api/v1/prompts/by-hand").HasStatus(h.t, http.StatusNotFound)
	}},
	{"invite a person", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/invitations")
		h.skip()
		h.follow("Invite a person")
		h.skip()
		h.fill("E-mail address", "invited@b.example")
		h.follow("Invite")
		h.sees("Link of the invitation")
	}},
	{"create a key", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/keys")
		h.skip()
		h.follow("Create a key")
		h.skip()
		h.fill("Name", "key by hand")
		h.follow("Create the key")
		h.sees("Secret")
	}},
	{"import with a dry run", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/promotion")
		file := filepath.Join(h.t.TempDir(), "bundle.json")
		require.NoError(h.t, os.WriteFile(file, w.A.Bundle, 0o600))
		h.p.Upload("input[type=file]", file) // the browser's window is no page
		h.skip()
		h.follow("Try it (dry run)")
		if h.p.Exists("input[type=file]") {
			h.p.Upload("input[type=file]", file)
		}
		h.skip()
		h.follow("Import for real")
		require.Less(h.t, h.p.Status(), http.StatusBadRequest)
	}},
	{"revoke a key", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/t/" + w.A.Slug + "/keys")
		h.follow("Revoke key by hand")
		h.confirm("Revoke")
		h.sees("Revoked.")
		require.NotContains(h.t, h.p.Text("main table"), "key by hand")
	}},
	{"verify the audit log", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/t/" + w.A.Slug + "/audit")
		h.follow("Verify")
		h.confirm("Verify")
		h.sees("The log is whole")
	}},
	{"set a secret", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/t/" + w.A.Slug + "/secrets")
		h.fill("Set a secret by its name", "set by hand")
		h.follow("Go on")
		h.skip()
		h.fill("Value", "typed-secret")
		h.follow("Set the secret")
		require.Equal(h.t, http.StatusOK, h.p.Status())
		require.NotContains(h.t, h.p.HTML("html"), "typed-secret")
		require.True(h.t, h.p.Exists(".notice"))
		h.follow("Unset set by hand")
		h.confirm("Unset")
		h.sees("The secret has no value any more.")
	}},
	{"change the settings", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/t/" + w.A.Slug + "/settings")
		h.fill("Name", "Renamed by hand")
		h.follow("Save the settings")
		require.Contains(h.t, h.p.Text("header"), "Renamed by hand")
	}},
	{"change the password", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/account")
		h.fill("Old password", seed.Password)
		h.fill("New password", seed.Password+" 2")
		h.fill("New password, once more", seed.Password+" 2")
		h.follow("Change the password")
		require.Equal(h.t, http.StatusOK, h.p.Status(), h.p.Text("main"))
		harness.Caller{Server: w.Server}.Send(h.t, http.MethodPost, "/api/v1/sessions",
			map[string]string{"email": w.People[seed.Both].Email, "password": seed.Password + " 2"}).
			HasStatus(h.t, http.StatusCreated)
	}},
	{"switch the tenant by the menu", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/t/" + w.A.Slug + "/prompts")
		h.choose(w.B)
		require.Equal(h.t, w.Server.URL+"/admin/t/"+w.B.Slug+"/", h.p.URL())
	}},
	{"switch the tenant by the page", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/switch?q=" + w.B.Slug)
		h.follow(w.B.Name)
		require.Equal(h.t, w.Server.URL+"/admin/t/"+w.B.Slug+"/", h.p.URL())
	}},
}

// platformTasks are those of a super-admin.
var platformTasks = []task{
	{"create a tenant", func(h hands, w *seed.World) {
		h.p.Goto(w.Server.URL + "/admin/tenants")
		h.fill("E-mail address", w.People[seed.SuperAdmin].Email)
		h.fill("Password", seed.Password)
		h.p.Press("Enter")
		h.skip()
		h.follow("Create a tenant")
		h.skip()
		h.fill("Name", "Made by hand")
		h.fill("Slug", "by-hand")
		h.follow("Create the tenant")
		requireState(h, w, "active")
	}},
	{"suspend a tenant", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/tenants/by-hand")
		h.follow("Suspend")
		h.confirm("Suspend the tenant")
		requireState(h, w, "suspended")
	}},
	{"activate a tenant", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/tenants/by-hand")
		h.follow("Activate")
		h.confirm("Activate the tenant")
		requireState(h, w, "active")
	}},
	{"delete a tenant", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/tenants/by-hand")
		h.follow("Delete")
		h.confirm("Delete the tenant")
		requireState(h, w, "deleted")
	}},
	{"purge a tenant", func(h hands, w *seed.World) {
		h.at(w.Server.URL + "/admin/tenants/by-hand")
		h.follow("Purge")
		h.skip()
		h.fill("Type the slug to confirm", "by-hand")
		h.follow("Purge the tenant for ever")
		h.sees("by-hand")
		require.Equal(h.t, http.StatusOK, h.p.Status(), h.p.Text("main"))
		got := w.Server.Platform().Get(h.t, "/api/v1/tenants?q=by-hand")
		require.Empty(h.t, harness.Decode[struct{ Items []any }](h.t, got).Items)
	}},
}

// requireState asks the API for the state of the tenant that the tasks have made.
func requireState(h hands, w *seed.World, want string) {
	h.t.Helper()
	got := w.Server.Platform().Get(h.t, "/api/v1/tenants/by-hand").HasStatus(h.t, http.StatusOK)
	require.Equal(h.t, want, harness.Decode[struct{ State string }](h.t, got).State)
}

// TestTasksByKeyboardAlone does each task with keys only, with scripts and without.
func TestTasksByKeyboardAlone(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := multiTenant(t)
			for _, all := range [][]task{tasks, platformTasks} {
				p := browser.Open(t, browser.Options{ScriptsOff: off})
				for _, task := range all {
					if !t.Run(task.name, func(t *testing.T) {
						task.do(hands{t, p.With(t), off}, w)
						p.RequireClean(t)
					}) {
						return
					}
				}
			}
		})
	}
}

// TestFormSurvivesAnEndedSession ends the session while a form is filled in.
func TestFormSurvivesAnEndedSession(t *testing.T) {
	t.Parallel()
	w := multiTenant(t)
	p := openAs(t, w, seed.Admin, browser.Options{})
	list := w.Server.URL + "/admin/t/" + w.A.Slug + "/prompts"
	p.Goto(list + "?new=true")
	p.Fill("[name=name]", "kept")
	p.Fill("[name='text.description']", "typed before the session ended")
	w.Server.Platform().Send(t, http.MethodDelete,
		"/api/v1/users/"+w.People[seed.Admin].ID+"/sessions", nil).HasStatus(t, http.StatusNoContent)
	p.Submit("[name=name]")
	require.Equal(t, http.StatusUnauthorized, p.Status())
	p.Fill("[name=email]", w.People[seed.Admin].Email)
	p.Fill("[name=password]", seed.Password)
	p.Submit("[name=password]")
	require.Contains(t, p.Text("main"), "typed before the session ended")
	p.Submit("main form button")
	require.Equal(t, "typed before the session ended",
		w.A.Caller.Spec(t, "prompt", "kept")["description"])
	require.Contains(t, p.URL(), "/admin/t/"+w.A.Slug+"/")
	p.RequireClean(t)
}

// TestBackButtonAfterAWriteStaysInTheTenant goes back to the form of what was just created.
func TestBackButtonAfterAWriteStaysInTheTenant(t *testing.T) {
	t.Parallel()
	w := multiTenant(t)
	p := openAs(t, w, seed.Both, browser.Options{})
	form := w.Server.URL + "/admin/t/" + w.A.Slug + "/prompts?new=true"
	p.Goto(form)
	p.Fill("[name=name]", "created")
	p.Submit("[name=name]")
	require.NotEqual(t, form, p.URL())
	p.Back()
	require.Equal(t, form, p.URL())
	require.Contains(t, p.Text("header"), w.A.Name)
	p.Fill("[name=name]", "created")
	p.Submit("[name=name]")
	require.GreaterOrEqual(t, p.Status(), http.StatusBadRequest, "it was created twice")
	require.Equal(t, "created", p.Value("[name=name]"))
	p.RequireClean(t)
}
