package portstest

import (
	"strings"

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
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				p.setSecret(p.acme, "mine", "acme's")
				p.code(p.Vault.Set(p.ctx, tenancy.ID{}, "mine", []byte("v")), tenancy.CodeNoTenant,
					"Set")
				_, err := p.Vault.Get(p.ctx, tenancy.ID{}, "mine")
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
