package portstest

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// rightWrite is a valid call of a method that writes. Each has its own numbers, so
// that one store can serve all of them.
type rightWrite struct {
	method  string // such as "Keys.Create"
	prepare func(p *probe)
	do      func(p *probe, ctx context.Context) error
}

func nothing(*probe) {}

// rightWrites has each method of each port that writes. A test requires that every
// method is here or in [withoutRight].
func rightWrites() []rightWrite {
	var all []rightWrite
	for _, of := range [][]rightWrite{
		itemWrites(), keyWrites(), memberWrites(), invitationWrites(), userWrites(),
		signInWrites(), tenantWrites(),
	} {
		all = append(all, of...)
	}
	return all
}

// withoutRight lists the methods that check no right, each with the reason.
func withoutRight() map[string]string {
	const reads, notes = "it reads", "it notes what happens"
	return map[string]string{
		"Audit.Append": notes, "Audit.List": reads, "Audit.Export": reads, "Audit.Ends": reads,
		"PlatformAudit.Append": notes, "PlatformAudit.List": reads,
		"ChangeNotifier.Subscribe": reads, "ChangeNotifier.Healthy": reads,
		"ChangeNotifier.Flush": reads,
		"InstanceKeys.Sign":    reads, "InstanceKeys.PublicKeys": reads,
		"Identities.Find": reads, "InvitationFinder.Find": reads, "Invitations.List": reads,
		"KeyFinder.Find": notes, "Keys.List": reads,
		"LoginAttempts.Begin": notes, "LoginAttempts.Clear": notes, "LoginAttempts.Refund": notes,
		"Members.Get": reads, "Members.List": reads, "Memberships.ForUser": reads, "Memberships.Search": reads,
		"Passwords.Get": reads, "Resources.Get": reads, "Resources.List": reads,
		"Resources.Referrers": reads, "Resources.Count": reads,
		"Resources.SecretUses": reads,
		"Sessions.List":        reads, "SessionFinder.Find": reads, "SessionFinder.Touch": notes,
		"Tenants.Get": reads, "Tenants.BySlug": reads, "Tenants.List": reads,
		"Transfers.Export": reads,
		"Users.Get":        reads, "Users.ByEmail": reads, "Users.List": reads, "Vault.Get": reads,
		"Vault.List": reads,
	}
}

func itemWrites() []rightWrite {
	return []rightWrite{
		{"Resources.Put", nothing, func(p *probe, ctx context.Context) error {
			_, _, err := p.Resources.Put(ctx, p.acme, item("maker", "put", `{}`), ports.Condition{})
			return err
		}},
		{"Resources.Put", func(p *probe) {
			p.put(p.acme, item("maker", "stored", `{}`))
		}, func(p *probe, ctx context.Context) error {
			_, _, err := p.Resources.Put(ctx, p.acme, item("maker", "stored", `{"a":1}`),
				ports.Condition{Exists: true})
			return err
		}},
		{"Resources.Delete", func(p *probe) {
			p.put(p.acme, item("maker", "old", `{}`))
		}, func(p *probe, ctx context.Context) error {
			return p.Resources.Delete(ctx, p.acme, ref("maker", "old"), ports.Condition{})
		}},
		{"Transfers.Import", nothing, func(p *probe, ctx context.Context) error {
			_, err := p.importWith(ctx, p.acme, writeAll, item("maker", "imported", `{}`))
			return err
		}},
		{"Vault.Set", nothing, func(p *probe, ctx context.Context) error {
			return p.Vault.Set(ctx, p.acme, "secret", []byte("value"))
		}},
		{"Vault.Unset", func(p *probe) {
			p.setSecret(p.acme, "old", "value")
		}, func(p *probe, ctx context.Context) error {
			return p.Vault.Unset(ctx, p.acme, "old")
		}},
	}
}

func keyWrites() []rightWrite {
	return []rightWrite{
		{"Keys.Create", nothing, func(p *probe, ctx context.Context) error {
			_, err := p.Keys.Create(ctx, p.acme, newKey(p.acme, 11))
			return err
		}},
		{"Keys.Rotate", func(p *probe) { p.key(p.acme, 12) },
			func(p *probe, ctx context.Context) error {
				_, err := p.Keys.Rotate(ctx, p.acme, keyID(12), p.successor(13),
					time.Now().Add(time.Hour))
				return err
			}},
		{"Keys.Revoke", func(p *probe) { p.key(p.acme, 14) },
			func(p *probe, ctx context.Context) error {
				return p.Keys.Revoke(ctx, p.acme, keyID(14))
			}},
	}
}

func memberWrites() []rightWrite {
	put := func(p *probe, ctx context.Context, n int, role tenancy.Role) error {
		_, _, err := p.Members.Put(ctx, p.acme, userIDOf(n), role)
		return err
	}
	return []rightWrite{
		{"Members.Put", func(p *probe) { p.user(21) },
			func(p *probe, ctx context.Context) error { return put(p, ctx, 21, tenancy.Admin) }},
		{"Members.Put", func(p *probe) { p.member(p.acme, p.user(22), tenancy.Editor) },
			func(p *probe, ctx context.Context) error { return put(p, ctx, 22, tenancy.Viewer) }},
		// the same role changes nothing, and still needs the right
		{"Members.Put", func(p *probe) { p.member(p.acme, p.user(23), tenancy.Editor) },
			func(p *probe, ctx context.Context) error { return put(p, ctx, 23, tenancy.Editor) }},
		{"Members.Change", func(p *probe) { p.member(p.acme, p.user(24), tenancy.Viewer) },
			func(p *probe, ctx context.Context) error {
				_, err := p.Members.Change(ctx, p.acme, userIDOf(24), tenancy.Editor)
				return err
			}},
		{"Members.Remove", func(p *probe) { p.member(p.acme, p.user(25), tenancy.Viewer) },
			func(p *probe, ctx context.Context) error {
				return p.Members.Remove(ctx, p.acme, userIDOf(25))
			}},
	}
}

func invitationWrites() []rightWrite {
	return []rightWrite{
		{"Invitations.Create", nothing, func(p *probe, ctx context.Context) error {
			_, err := p.Invitations.Create(ctx, p.acme, newInvitation(p.acme, 31))
			return err
		}},
		{"Invitations.Revoke", func(p *probe) { p.invite(p.acme, 33) },
			func(p *probe, ctx context.Context) error {
				return p.Invitations.Revoke(ctx, p.acme, keyID(33))
			}},
		{"InvitationFinder.Accept", func(p *probe) { p.invite(p.globex, 35) },
			func(p *probe, ctx context.Context) error {
				_, err := p.InvitationFinder.Accept(ctx, invitationHash(35), p.invitedUser(35), true, "")
				return err
			}},
	}
}

func userWrites() []rightWrite {
	name := "Renamed"
	return []rightWrite{
		{"Users.Create", nothing, func(p *probe, ctx context.Context) error {
			_, err := p.Users.Create(ctx, newUser(41), "")
			return err
		}},
		{"Users.Update", func(p *probe) { p.user(42) },
			func(p *probe, ctx context.Context) error {
				_, err := p.Users.Update(ctx, userIDOf(42), ports.UserChange{Name: &name})
				return err
			}},
		{"Users.Remove", func(p *probe) { p.user(43) },
			func(p *probe, ctx context.Context) error { return p.Users.Remove(ctx, userIDOf(43)) }},
	}
}

func signInWrites() []rightWrite {
	return []rightWrite{
		{"Passwords.Set", func(p *probe) { p.user(51) },
			func(p *probe, ctx context.Context) error {
				return p.Passwords.Set(ctx, userIDOf(51), "$hash$1", "")
			}},
		{"Passwords.Rehash", func(p *probe) { p.setPassword(p.user(52).ID, "$hash$1") },
			func(p *probe, ctx context.Context) error {
				return p.Passwords.Rehash(ctx, userIDOf(52), "$hash$1", "$hash$2")
			}},
		{"Identities.Bind", func(p *probe) { p.user(53) },
			func(p *probe, ctx context.Context) error {
				return p.Identities.Bind(ctx, identityOf("53"), userIDOf(53))
			}},
		{"Sessions.Create", func(p *probe) { p.user(54) },
			func(p *probe, ctx context.Context) error {
				return p.Sessions.Create(ctx, newSession(userIDOf(54), 54), "")
			}},
		{"Sessions.Revoke", func(p *probe) { p.session(p.user(55).ID, 55) },
			func(p *probe, ctx context.Context) error {
				return p.Sessions.Revoke(ctx, userIDOf(55), newSession("", 55).ID)
			}},
		{"Sessions.RevokeAll", func(p *probe) { p.session(p.user(56).ID, 56) },
			func(p *probe, ctx context.Context) error {
				return p.Sessions.RevokeAll(ctx, userIDOf(56))
			}},
		{"SessionFinder.Renew", func(p *probe) { p.session(p.user(57).ID, 57) },
			func(p *probe, ctx context.Context) error {
				return p.SessionFinder.Renew(ctx, newSession("", 57).ID, sessionHash(57),
					ports.SessionRenewal{Hash: sessionHash(157), Overlap: overlapEnds})
			}},
	}
}

func tenantWrites() []rightWrite {
	return []rightWrite{
		{"Tenants.Create", nothing, func(p *probe, ctx context.Context) error {
			_, err := p.Tenants.Create(ctx, newTenant("initech"))
			return err
		}},
		{"Tenants.Update", nothing, func(p *probe, ctx context.Context) error {
			t, err := p.Tenants.Get(p.ctx, p.acme)
			p.ok(err, "Tenants.Get")
			t.Name = "Renamed"
			_, err = p.Tenants.Update(ctx, t)
			return err
		}},
		{"Tenants.Purge", func(p *probe) { p.setState(p.tenant("hooli").ID, tenancy.Deleted) },
			func(p *probe, ctx context.Context) error {
				t, err := p.Tenants.BySlug(p.ctx, "hooli")
				p.ok(err, "Tenants.BySlug")
				_, err = p.Tenants.Purge(ctx, t.ID)
				return err
			}},
	}
}
