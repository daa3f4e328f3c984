package seed

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Tenant is a tenant with one of everything.
type Tenant struct {
	Caller   harness.Caller // a super-admin
	ID       string
	Slug     string
	Name     string
	IDs      []string            // of its members, keys, invitations and entries of the audit log
	Names    map[string][]string // of its resources, by the path of their kind
	Cursors  []string            // of its lists
	Bundle   []byte              // its export
	Agent    string              // the name of an agent that isn't a canary
	text     func(place string) string
	newEmail func(place string) string
}

func create(
	t testing.TB, s *harness.Server, slug, name string, text func(string) string,
) *Tenant {
	t.Helper()
	s.Platform().Send(t, http.MethodPost, "/api/v1/tenants", map[string]any{"slug": slug,
		"name": name, "settings": map[string]any{"note": text("setting")}}).
		HasStatus(t, http.StatusCreated)
	return open(t, s, slug, text)
}

func open(t testing.TB, s *harness.Server, slug string, text func(string) string) *Tenant {
	t.Helper()
	c := s.Platform()
	c.Tenant = slug
	got := harness.Decode[struct{ ID, Name string }](t,
		c.Get(t, c.TenantPath()).HasStatus(t, http.StatusOK))
	tenant := &Tenant{Caller: c, ID: got.ID, Slug: slug, Name: got.Name, text: text,
		Names: map[string][]string{}}
	tenant.newEmail = func(place string) string {
		word, _, _ := strings.Cut(text(strings.ReplaceAll(place, " ", "-")), " ")
		return strings.ToLower(word) + "@" + slug + ".example"
	}
	return tenant
}

// on returns the same tenant on another server.
func (x *Tenant) on(s *harness.Server) *Tenant {
	moved := *x
	moved.Caller.Server = s
	return &moved
}

// short returns a text without what looks like HTML: lists repeat labels in each row.
func (x *Tenant) short(place string) string {
	word, _, _ := strings.Cut(x.text(place), " ")
	return word
}

func (x *Tenant) path() string { return x.Caller.TenantPath() }

// fillers is how many resources of one kind there are in addition, more than fit on a page.
const fillers = 60

// fill creates resources of every kind, members, invitations, keys, secrets and imports.
func (x *Tenant) fill(t testing.TB) {
	t.Helper()
	for _, r := range x.resources() {
		name := x.text(r.name)
		if r.kind == "defaults" {
			name = "default"
		}
		x.put(t, r.kind, name, r.spec)
	}
	for i := range fillers {
		x.put(t, "prompt", fmt.Sprintf("filler-%03d", i),
			map[string]any{"description": x.text("filler")})
	}
	x.Agent = "only-in-" + x.Slug[:1]
	x.put(t, "agent", x.Agent, map[string]any{"description": x.text("only here"),
		"extends": x.text("agent")})
	x.Bundle = x.Caller.Get(t, x.path()+"/export").HasStatus(t, http.StatusOK).Body
	x.administer(t)
	x.collect(t)
}

// resource is a resource of each kind, with references to the others.
type resource struct {
	kind, name string
	spec       map[string]any
}

func (x *Tenant) resources() []resource {
	text := x.text
	agent := text("agent")
	return []resource{
		{"model_config", "model", map[string]any{"provider": text("provider"), "model": text("m"),
			"parameters": map[string]any{text("parameter"): text("value"), "temperature": 0.1},
			"api_key":    map[string]any{"$secret": text("secret name")}}},
		{"prompt", "prompt", map[string]any{"description": text("description"),
			"template": text("template") + "\nsecond line", "arguments": []any{
				map[string]any{"name": text("argument"), "required": true}}}},
		{"mcp_server", "io.github/weather", map[string]any{"description": text("description"),
			"version":    text("version"),
			"repository": map[string]any{"url": "https://example.com/" + x.Slug, "source": text("source")},
			"packages":   []any{map[string]any{"registry_name": "npm", "name": text("package")}},
			"remotes":    []any{}}},
		{"agent", "parent", map[string]any{"description": text("description"),
			"instructions": strings.Repeat(text("instructions")+"\n", 100)}},
		{"agent", "agent", map[string]any{"description": text("description"), "extends": text("parent"),
			"model_config": text("model"), "prompts": []any{text("prompt")},
			"mcp_servers": []any{text("io.github/weather")}, "tools": []any{text("tool")},
			text("field"): text("value")}},
		{"trust_rule", "rule", map[string]any{"effect": "allow", "action": text("action"),
			"subject": map[string]any{"kind": "agent", "name": agent}, "priority": -5}},
		{"trigger", "trigger", map[string]any{"type": "schedule", "schedule": "0 3 * * *",
			"agent": agent, "enabled": false, "workspace": text("workspace")}},
		{"context_config", "context", map[string]any{"agent": agent,
			"sources": []any{text("git")}, "max_tokens": 4096}},
		{"defaults", "default", map[string]any{"trust_effect": "allow", "model_config": text("model"),
			"context_config": text("context"), "banner": text("banner")}},
	}
}

// put writes a resource as a super-admin who says why.
func (x *Tenant) put(t testing.TB, kind, name string, spec map[string]any) {
	t.Helper()
	body := map[string]any{"spec": spec,
		"labels": map[string]string{x.text("label"): x.short("labelvalue"), "team": "core"}}
	got := x.Caller.Send(t, http.MethodPut, harness.Resource(kind, name), body,
		"X-Reason", x.text("reason"))
	if got.Status != http.StatusCreated && got.Status != http.StatusOK {
		t.Fatalf("%s %q: HTTP %d: %s", kind, name, got.Status, got.Body)
	}
	x.Names[kinds.Path(kind)] = append(x.Names[kinds.Path(kind)], name)
}

func (x *Tenant) addMember(t testing.TB, user string, role tenancy.Role) {
	t.Helper()
	x.Caller.Send(t, http.MethodPut, x.path()+"/members/"+user, map[string]any{"role": role}).
		HasStatus(t, http.StatusCreated)
}

// administer creates members, invitations, keys and imports, and sets a secret.
func (x *Tenant) administer(t testing.TB) {
	t.Helper()
	for _, role := range tenancy.MemberRoles() {
		user := id(t, x.Caller.Server.Platform().Send(t, http.MethodPost, "/api/v1/users",
			map[string]any{"email": x.newEmail("member " + string(role)), "name": x.text("member name")}))
		x.addMember(t, user, role)
		x.post(t, "/invitations", map[string]any{"email": x.newEmail("invited " + string(role)),
			"role": role})
		x.post(t, "/keys", map[string]any{"name": x.text("key name"), "role": role})
	}
	x.Caller.Send(t, http.MethodPut, x.path()+"/secrets/"+escape(x.text("secret name")),
		map[string]any{"value": x.text("secret value")}).HasStatus(t, http.StatusNoContent)
	x.Caller.ImportBundle(t, x.Bundle, "?dry_run=true").HasStatus(t, http.StatusOK)
	x.Caller.ImportBundle(t, x.Bundle, "").HasStatus(t, http.StatusOK)
}

func escape(segment string) string {
	return strings.TrimPrefix(harness.Resource("prompt", segment), "/api/v1/prompts/")
}

func (x *Tenant) post(t testing.TB, path string, body any) {
	t.Helper()
	x.IDs = append(x.IDs, id(t, x.Caller.Send(t, http.MethodPost, x.path()+path, body)))
}

// collect remembers ids and cursors of all lists.
func (x *Tenant) collect(t testing.TB) {
	t.Helper()
	lists := []string{x.path() + "/members", x.path() + "/keys", x.path() + "/invitations",
		x.path() + "/audit"}
	for kind := range x.Names {
		lists = append(lists, "/api/v1/"+kind)
	}
	for _, list := range lists {
		got := harness.Decode[struct {
			Items []struct {
				ID   string
				User string `json:"user_id"`
			}
			Next string `json:"next_cursor"`
		}](t, x.Caller.Get(t, list+"?limit=1").HasStatus(t, http.StatusOK))
		for _, item := range got.Items {
			x.IDs = append(x.IDs, item.ID+item.User)
		}
		if got.Next != "" {
			x.Cursors = append(x.Cursors, got.Next)
		}
	}
}

// State returns everything of the tenant that its pages can change, as text.
func (x *Tenant) State(t testing.TB) string {
	t.Helper()
	parts := []json.RawMessage{}
	for _, path := range []string{"", "/export", "/members", "/keys", "/invitations"} {
		parts = append(parts, x.Caller.Get(t, x.path()+path).HasStatus(t, http.StatusOK).Body)
	}
	return fmt.Sprintf("%s", parts)
}
