package portstest

import (
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func vaultSuite() []contractCase {
	return []contractCase{
		{
			name: "set value is returned",
			says: "Set stores value under name and replaces an earlier value.",
			prove: func(p *probe) {
				for _, value := range []string{"s3cret", "", "\x00\xff\n",
					strings.Repeat("long", 10_000)} {
					p.setSecret(p.acme, "a/b c", value)
					p.wantSecret(p.acme, "a/b c", value)
				}
			},
		},
		{
			name: "set refuses an invalid name",
			says: "A name that [tenancy.CheckName] refuses is [tenancy.CodeInvalid].",
			prove: func(p *probe) {
				for _, name := range []string{"", " x", "x ", "a\x00b", "a\nb", "\xff",
					strings.Repeat("x", 257)} {
					p.code(p.Vault.Set(p.ctx, p.acme, name, []byte("v")), tenancy.CodeInvalid,
						"Set(%q)", name)
				}
				for _, name := range []string{"x", "model_config/gpt/api_key", "ключ",
					strings.Repeat("ü", 256)} {
					p.setSecret(p.acme, name, "v of "+name)
					p.wantSecret(p.acme, name, "v of "+name)
				}
			},
		},
		{
			name: "secret belongs to one tenant",
			says: "Get returns the value; [tenancy.CodeNotFound] if the tenant has none of that" +
				" name, even if another tenant has one.",
			isolates: []string{"Vault.Get", "Vault.Set"},
			prove: func(p *probe) {
				p.setSecret(p.acme, "mine", "acme's")
				p.noSecret(p.globex, "mine")
				p.noSecret(tenancy.DefaultID, "mine")
				p.setSecret(p.globex, "mine", "globex's")
				p.wantSecret(p.acme, "mine", "acme's")
				p.wantSecret(p.globex, "mine", "globex's")
				p.noSecret(p.acme, "other")
			},
		},
		{
			name: "unset removes a value",
			says: "Unset removes the value; [tenancy.CodeNotFound] if the tenant has none of that" +
				" name, even if another tenant has one.",
			isolates: []string{"Vault.Unset"},
			prove: func(p *probe) {
				p.setSecret(p.acme, "mine", "acme's")
				p.code(p.Vault.Unset(p.ctx, p.globex, "mine"), tenancy.CodeNotFound,
					"Unset of another tenant's secret")
				p.wantSecret(p.acme, "mine", "acme's")
				p.setSecret(p.globex, "mine", "globex's")
				p.ok(p.Vault.Unset(p.ctx, p.acme, "mine"), "Unset")
				p.noSecret(p.acme, "mine")
				p.wantSecret(p.globex, "mine", "globex's")
				for _, name := range []string{"mine", "other", ""} {
					p.code(p.Vault.Unset(p.ctx, p.acme, name), tenancy.CodeNotFound,
						"Unset(%q) without a value", name)
				}
				p.setSecret(p.acme, "mine", "again")
				p.wantSecret(p.acme, "mine", "again")
			},
		},
		{
			name: "unset leaves the references",
			says: "Items may still refer to the name.",
			prove: func(p *probe) {
				stored := p.put(p.acme, item("widget", "w", `{"token":"hunter2"}`))
				p.ok(p.Vault.Unset(p.ctx, p.acme, tokenName), "Unset")
				p.sameResource(p.get(p.acme, ref("widget", "w")), stored, "the item")
				p.put(p.acme, item("widget", "w", `{"token":"hunter3"}`))
				p.wantSecret(p.acme, tokenName, "hunter3")
			},
		},
		{
			name: "list is in the order of names",
			says: "List returns at most limit of the secrets that have a value, those after the" +
				" name after, in the order of their names, byte by byte.",
			isolates: []string{"Vault.List"},
			prove: func(p *probe) {
				p.equal(p.secretNames(p.acme, "", 9), []string{}, "the secrets of a new tenant")
				for _, name := range []string{"b", "a b", "B", "ä", "a"} {
					p.setSecret(p.acme, name, "v")
				}
				p.setSecret(p.globex, "a!", "v")
				all := []string{"B", "a", "a b", "b", "ä"}
				p.equal(p.secretNames(p.acme, "", 9), all, "all")
				p.equal(p.secretNames(p.acme, "", 2), all[:2], "the first two")
				p.equal(p.secretNames(p.acme, "a", 2), all[2:4], "the next two")
				p.equal(p.secretNames(p.acme, "ä", 9), []string{}, "those after the last")
				p.equal(p.secretNames(p.globex, "", 9), []string{"a!"}, "globex's")
				p.put(p.acme, item("widget", "w", `{"token":"v"}`))
				p.ok(p.Vault.Unset(p.ctx, p.acme, "b"), "Unset")
				p.equal(p.secretNames(p.acme, "a b", 9), []string{tokenName, "ä"}, "after changes")
				for _, limit := range []int{0, -1} {
					_, err := p.Vault.List(p.ctx, p.acme, "", limit)
					p.code(err, tenancy.CodeInvalid, "List with limit %d", limit)
				}
			},
		},
		{
			name: "list has the time of the last write",
			says: "when the value was written last",
			prove: func(p *probe) {
				p.setSecret(p.acme, "mine", "one")
				first := p.secretTime(p.acme, "mine")
				if age := time.Since(first); age < -time.Minute || age > time.Minute {
					p.fail("UpdatedAt is %v, which is %v ago", first, age)
				}
				p.setSecret(p.acme, "mine", "two")
				if second := p.secretTime(p.acme, "mine"); second.Before(first) {
					p.fail("UpdatedAt went from %v back to %v", first, second)
				}
				p.equal(first.Location(), time.UTC, "the location of UpdatedAt")
			},
		},
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				p.setSecret(p.acme, "mine", "acme's")
				p.code(p.Vault.Unset(p.ctx, tenancy.ID{}, "mine"), tenancy.CodeNoTenant, "Unset")
				_, err := p.Vault.List(p.ctx, tenancy.ID{}, "", 9)
				p.code(err, tenancy.CodeNoTenant, "List")
				p.code(p.Vault.Set(p.ctx, tenancy.ID{}, "mine", []byte("v")), tenancy.CodeNoTenant,
					"Set")
				_, err = p.Vault.Get(p.ctx, tenancy.ID{}, "mine")
				p.code(err, tenancy.CodeNoTenant, "Get")
			},
		},
		{
			name: "stored values are copies",
			says: "Set stores value under name",
			prove: func(p *probe) {
				input := []byte("s3cret")
				p.ok(p.Vault.Set(p.ctx, p.acme, "mine", input), "Set")
				overwrite(input)
				answered, err := p.Vault.Get(p.ctx, p.acme, "mine")
				p.ok(err, "Get")
				overwrite(answered)
				p.wantSecret(p.acme, "mine", "s3cret")
			},
		},
	}
}

func (p *probe) setSecret(tenant tenancy.ID, name, value string) {
	p.ok(p.Vault.Set(p.ctx, tenant, name, []byte(value)), "Vault.Set(%s)", name)
}

func (p *probe) wantSecret(tenant tenancy.ID, name, want string) {
	got, err := p.Vault.Get(p.ctx, tenant, name)
	p.ok(err, "Vault.Get(%s)", name)
	p.equal(string(got), want, "the secret %s", name)
}

func (p *probe) noSecret(tenant tenancy.ID, name string) {
	_, err := p.Vault.Get(p.ctx, tenant, name)
	p.code(err, tenancy.CodeNotFound, "Vault.Get(%s) of a tenant without it", name)
}

// secretNames returns the names of the secrets that List returns.
func (p *probe) secretNames(tenant tenancy.ID, after string, limit int) []string {
	found, err := p.Vault.List(p.ctx, tenant, after, limit)
	p.ok(err, "Vault.List")
	names := []string{}
	for _, s := range found {
		names = append(names, s.Name)
	}
	return names
}

// secretTime returns when a secret was written, as the list says.
func (p *probe) secretTime(tenant tenancy.ID, name string) time.Time {
	found, err := p.Vault.List(p.ctx, tenant, "", 99)
	p.ok(err, "Vault.List")
	for _, s := range found {
		if s.Name == name {
			return s.UpdatedAt
		}
	}
	p.fail("the list lacks the secret %s", name)
	return time.Time{}
}
