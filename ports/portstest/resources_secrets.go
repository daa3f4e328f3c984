package portstest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const tokenName = "widget/w/token" // of the widget w, in the vault

func resourcesSecrets() []contractCase {
	const says = "The literal value of a secret is stored in the tenant's vault and returned as a" +
		" [federation.SecretRef]."
	return []contractCase{
		{
			name: "put moves a secret to the vault",
			says: says,
			prove: func(p *probe) {
				hidden := item("widget", "w", `{"size":1,"token":{"$secret":"widget/w/token"}}`)
				stored := p.put(p.acme, item("widget", "w",
					`{"size":1,"token":"hunter2 is \"mine\""}`))
				p.sameContent(stored.Item, p.normalized(hidden), "the result of Put")
				p.sameContent(p.get(p.acme, hidden.Ref).Item, p.normalized(hidden),
					"the result of Get")
				p.wantSecret(p.acme, tokenName, `hunter2 is "mine"`)
			},
		},
		{
			name: "put moves a marked secret to the vault",
			says: says,
			prove: func(p *probe) {
				literal := item("widget", "w", `{"headers":[{"name":"k","isSecret":true,`+
					`"value":"hunter2"},{"name":"open","isSecret":false,"value":"shown"}]}`)
				stored := p.put(p.acme, literal)
				p.noLeak(stored.Item, "hunter2")
				p.noLeak(p.get(p.acme, literal.Ref).Item, "hunter2")
				uses, err := p.Kinds.SecretUses(stored.Item)
				p.ok(err, "SecretUses")
				p.equal(len(uses), 1, "the number of references to secrets")
				p.equal(uses[0].Path, "/spec/headers/0/value", "the place of the secret")
				p.wantSecret(p.acme, uses[0].Secret, "hunter2")
				p.sameResource(p.put(p.acme, stored.Item), stored, "what was answered, put again")
				p.sameResource(p.put(p.acme, literal), stored, "the same literal, put again")
				for _, it := range p.export(p.acme, ports.Selection{}) {
					p.noLeak(it, "hunter2")
				}
			},
		},
		{
			name: "secret is never returned",
			says: says,
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"token":"hunter2"}`))
				listed, err := p.Resources.List(p.ctx, p.acme,
					ports.ResourceQuery{Kind: "widget", Limit: 10})
				p.ok(err, "List")
				for _, r := range append(listed, p.get(p.acme, ref("widget", "w"))) {
					p.noLeak(r.Item, "hunter2")
				}
				for _, it := range p.export(p.acme, ports.Selection{}) {
					p.noLeak(it, "hunter2")
				}
				p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget", Search: "hunter2"}),
					[]string{}, "the names that a search for the secret finds")
			},
		},
		{
			name: "put keeps and replaces a secret",
			says: says,
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"token":"one"}`))
				answered := p.get(p.acme, ref("widget", "w")).Item
				p.put(p.acme, answered)
				p.wantSecret(p.acme, tokenName, "one")
				p.put(p.acme, item("widget", "w", `{"token":"two"}`))
				p.wantSecret(p.acme, tokenName, "two")
				shared := item("widget", "w", `{"token":{"$secret":"shared"}}`)
				p.sameContent(p.put(p.acme, shared).Item, p.normalized(shared),
					"a reference to another secret")
				p.noSecret(p.acme, "shared")
			},
		},
		{
			name:     "secret belongs to one tenant",
			says:     says,
			isolates: []string{"Resources.Put", "Vault.Get"},
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"token":"acme's"}`))
				p.noSecret(p.globex, tokenName)
				p.put(p.globex, item("widget", "w", `{"token":"globex's"}`))
				p.wantSecret(p.acme, tokenName, "acme's")
				p.wantSecret(p.globex, tokenName, "globex's")
			},
		},
		{
			name: "failed put stores no secret",
			says: "On an error nothing is written.",
			prove: func(p *probe) {
				_, _, err := p.Resources.Put(p.ctx, p.acme,
					item("widget", "w", `{"token":"one","maker":"missing"}`), ports.Condition{})
				p.code(err, tenancy.CodeDanglingReference, "Put")
				p.noSecret(p.acme, tokenName)
				p.put(p.acme, item("widget", "w", `{"token":"one"}`))
				_, _, err = p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{"token":"two"}`),
					ports.Condition{Absent: true})
				p.code(err, tenancy.CodeAlreadyExists, "Put")
				p.wantSecret(p.acme, tokenName, "one")
			},
		},
	}
}

// headers is a spec whose first header refers to the secret a; the others don't refer to one.
const headers = `{"headers":[{"name":"k","isSecret":true,"value":{"$secret":"a"}},` +
	`{"isSecret":false,"value":{"$secret":"not marked"}},` +
	`{"isSecret":"FALSE","value":{"$secret":"not marked"}},` +
	`{"isSecret":0,"value":{"$secret":"not marked"}},` +
	`{"isSecret":null,"value":{"$secret":"not marked"}},` +
	`{"isSecret":"","value":{"$secret":"not marked"}},` +
	`{"isSecret":true,"other":{"$secret":"another member"}}]}`

func resourcesSecretUses() []contractCase {
	const says = "SecretUses returns at most q.Limit of the secrets to which the tenant's items" +
		" refer, those after the name q.After, in the order of their names, byte by byte. Each has" +
		" its first q.Uses references, in the order of [federation.SecretUse.Compare]."
	use := func(name, path, secret string) federation.SecretUse {
		return federation.SecretUse{Kind: "widget", Name: name, Path: path, Secret: secret}
	}
	return []contractCase{
		{
			name: "uses of secrets are in order", says: says,
			isolates: []string{"Resources.SecretUses"},
			prove: func(p *probe) {
				p.equal(p.secretUses(p.acme, "", 9, 9), []ports.UsedSecret{}, "those of a new tenant")
				p.put(p.acme, item("widget", "w", `{"token":"v"}`), item("widget", "none", `{}`),
					item("widget", "b", `{"token":{"$secret":"a"}}`),
					item("widget", "B", `{"token":{"$secret":"Z"}}`), item("widget", "a", headers))
				p.put(p.globex, item("widget", "g", `{"token":{"$secret":"a"}}`))
				all := []ports.UsedSecret{
					{Name: "Z", Uses: []federation.SecretUse{use("B", "/spec/token", "Z")}},
					{Name: "a", Uses: []federation.SecretUse{
						use("a", "/spec/headers/0/value", "a"), use("b", "/spec/token", "a")}},
					{Name: tokenName, Uses: []federation.SecretUse{use("w", "/spec/token", tokenName)}},
				}
				p.equal(p.secretUses(p.acme, "", 9, 9), all, "all")
				p.equal(p.secretUses(p.acme, "", 2, 9), all[:2], "the first two")
				p.equal(p.secretUses(p.acme, "Z", 1, 9), all[1:2], "the next")
				p.equal(p.secretUses(p.acme, "a", 9, 9), all[2:], "those after a")
				p.equal(p.secretUses(p.acme, tokenName, 9, 9), []ports.UsedSecret{},
					"those after the last")
				p.deleteItem(p.acme, ref("widget", "a"))
				all[1].Uses = all[1].Uses[1:]
				p.equal(p.secretUses(p.acme, "", 9, 9), all, "after a deletion")
				_, err := p.Resources.SecretUses(p.ctx, tenancy.ID{}, ports.SecretQuery{Limit: 1, Uses: 1})
				p.code(err, tenancy.CodeNoTenant, "SecretUses without a tenant")
			},
		},
		{
			name: "marked secrets are found wherever they are", says: says,
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"a~/b":{"isSecret":"yes","default":[null,`+
					`{"x":{"$secret":"deep"}},[[{"$secret":"deep"}]]]},"isSecret":{},`+
					`"value":{"$secret":"top"},"c":{"isSecret":[],"value":{"value":`+
					`{"$secret":"nested"}}},"d":{"isSecret":1,"value":{"$secret":"top"}}}`))
				p.equal(p.secretUses(p.acme, "", 9, 9), []ports.UsedSecret{
					{Name: "deep", Uses: []federation.SecretUse{
						use("w", "/spec/a~0~1b/default/1/x", "deep"),
						use("w", "/spec/a~0~1b/default/2/0/0", "deep")}},
					{Name: "nested", Uses: []federation.SecretUse{
						use("w", "/spec/c/value/value", "nested")}},
					{Name: "top", Uses: []federation.SecretUse{use("w", "/spec/d/value", "top"),
						use("w", "/spec/value", "top")}},
				}, "the uses")
			},
		},
		{
			name: "more uses of a secret are announced",
			says: "there are more references than Uses has",
			prove: func(p *probe) {
				for _, name := range []string{"c", "b", "a"} {
					p.put(p.acme, item("widget", name, `{"token":{"$secret":"a"},"h":`+headers+`}`))
				}
				p.put(p.acme, item("widget", "d", `{"token":{"$secret":"b"}}`))
				b := ports.UsedSecret{Name: "b",
					Uses: []federation.SecretUse{use("d", "/spec/token", "b")}}
				var all []federation.SecretUse
				for _, name := range []string{"a", "b", "c"} {
					all = append(all, use(name, "/spec/h/headers/0/value", "a"),
						use(name, "/spec/token", "a"))
				}
				for n := 1; n <= len(all)+1; n++ {
					p.equal(p.secretUses(p.acme, "", 9, n), []ports.UsedSecret{{Name: "a",
						Uses: all[:min(n, len(all))], More: n < len(all)}, b}, "%d uses", n)
				}
			},
		},
		{
			name: "used secret may have no value",
			says: "It may have no value.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"token":"v"}`))
				before := p.secretUses(p.acme, "", 9, 9)
				p.ok(p.Vault.Unset(p.ctx, p.acme, tokenName), "Unset")
				p.equal(p.secretUses(p.acme, "", 9, 9), before, "the uses without a value")
			},
		},
		{
			name: "limits of secret uses must be positive",
			says: "Limit and Uses must be positive.",
			prove: func(p *probe) {
				for _, q := range []ports.SecretQuery{{}, {Limit: 1}, {Uses: 1},
					{Limit: -1, Uses: 1}, {Limit: 1, Uses: -1}} {
					_, err := p.Resources.SecretUses(p.ctx, p.acme, q)
					p.code(err, tenancy.CodeInvalid, "SecretUses(%+v)", q)
				}
			},
		},
	}
}

// secretUses returns the secrets that the tenant's items refer to.
func (p *probe) secretUses(
	tenant tenancy.ID, after string, limit, uses int,
) []ports.UsedSecret {
	found, err := p.Resources.SecretUses(p.ctx, tenant,
		ports.SecretQuery{After: after, Limit: limit, Uses: uses})
	p.ok(err, "SecretUses")
	return append([]ports.UsedSecret{}, found...)
}

// noLeak requires that value isn't in the item.
func (p *probe) noLeak(it federation.Item, value string) {
	text, err := json.Marshal(it)
	p.ok(err, "json.Marshal")
	if bytes.Contains(text, []byte(value)) || bytes.Contains(fmt.Append(nil, it), []byte(value)) {
		p.fail("the secret is in %s", text)
	}
}
