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

// noLeak requires that value isn't in the item.
func (p *probe) noLeak(it federation.Item, value string) {
	text, err := json.Marshal(it)
	p.ok(err, "json.Marshal")
	if bytes.Contains(text, []byte(value)) || bytes.Contains(fmt.Append(nil, it), []byte(value)) {
		p.fail("the secret is in %s", text)
	}
}
