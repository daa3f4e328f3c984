package portstest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func usersSuite() []contractCase {
	return slices.Concat(usersCreate(), usersFind(), usersUpdate(), usersRemove(), usersAudit())
}

func usersCreate() []contractCase {
	return []contractCase{
		{
			name: "create stores the user",
			says: "Create stores u, its address in the form of [identity.ParseEmail], and returns" +
				" the stored user: CreatedAt and UpdatedAt are set.",
			prove: func(p *probe) {
				input := newUser(1)
				input.Email, input.SuperAdmin, input.CreatedAt = "User.1@Example.COM", true,
					time.Unix(1, 0)
				made, err := p.Users.Create(p.ctx, input, "")
				p.ok(err, "Users.Create")
				input.Email = "user.1@example.com"
				p.sameUser(made, input, "the result of Create")
				p.recent(made.CreatedAt, "CreatedAt")
				p.recent(made.UpdatedAt, "UpdatedAt")
				p.sameUser(p.getUser(input.ID), input, "the result of Get")
			},
		},
		{
			name: "create refuses an invalid address",
			says: "An invalid address is [tenancy.CodeInvalid].",
			prove: func(p *probe) {
				for _, email := range []string{"", "user", "user@example.com\n",
					"\u0430da@example.com", " user@example.com"} {
					u := newUser(1)
					u.Email = email
					_, err := p.Users.Create(p.ctx, u, "")
					p.code(err, tenancy.CodeInvalid, "Users.Create(%q)", email)
				}
				p.equal(p.userIDs(ports.UserQuery{}), []string{}, "the users")
			},
		},
		{
			name: "create stores the password",
			says: "The user has the password with the hash passwordHash, stored in the same" +
				" transaction; \"\" means that they have none.",
			prove: func(p *probe) {
				one, two := newUser(1), newUser(2)
				_, err := p.Users.Create(p.ctx, one, "$hash$1")
				p.ok(err, "Users.Create")
				_, err = p.Users.Create(p.ctx, two, "")
				p.ok(err, "Users.Create without a password")
				_, err = p.Users.Create(p.ctx, one, "$hash$2")
				p.code(err, tenancy.CodeAlreadyExists, "Users.Create again")
				p.equal(p.password(one.ID), "$hash$1", "the hash")
				p.equal(p.password(two.ID), "", "the hash of a user without a password")
			},
		},
		{
			name: "existing address or id is refused",
			says: "An address that another user has, in any letter case, or an id that a user has" +
				" is [tenancy.CodeAlreadyExists].",
			prove: func(p *probe) {
				first := p.user(1)
				sameEmail, sameID := newUser(2), newUser(3)
				sameEmail.Email, sameID.ID = strings.ToUpper(first.Email), first.ID
				_, err := p.Users.Create(p.ctx, sameEmail, "")
				p.code(err, tenancy.CodeAlreadyExists, "Create with an address that exists")
				_, err = p.Users.Create(p.ctx, sameID, "")
				p.code(err, tenancy.CodeAlreadyExists, "Create with an id that exists")
				p.equal(p.userIDs(ports.UserQuery{}), []string{first.ID}, "the users")
				p.noEmail(sameID.Email, "after Create refused it")
				p.sameUser(p.getUser(first.ID), first, "the first user")
			},
		},
		{
			name: "concurrent creates of an address succeed once",
			says: "An address that another user has, in any letter case, or an id that a user has" +
				" is [tenancy.CodeAlreadyExists].",
			prove: func(p *probe) {
				errs := atOnce(20, func(i int) error {
					u := newUser(i)
					u.Email = []string{"same@example.com", "Same@example.com",
						"SAME@EXAMPLE.com"}[i%3]
					_, err := p.Users.Create(p.ctx, u, "")
					return err
				})
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": 1, tenancy.CodeAlreadyExists: 19},
					"the codes of 20 calls at once")
			},
		},
	}
}

func usersFind() []contractCase {
	return []contractCase{
		{
			name: "get refuses an unknown user",
			says: "Get returns a user; [tenancy.CodeNotFound] if there is none.",
			prove: func(p *probe) {
				p.user(1)
				for _, id := range []string{userIDOf(2), "", "unknown", "' OR true --"} {
					p.noUser(id)
				}
			},
		},
		{
			name: "byEmail ignores letter case",
			says: "ByEmail returns the user with this address, in any letter case;",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				for email, want := range map[string]identity.User{
					one.Email: one, strings.ToUpper(two.Email): two} {
					found, err := p.Users.ByEmail(p.ctx, email)
					p.ok(err, "Users.ByEmail(%q)", email)
					p.sameUser(found, want, "the user of the address")
				}
			},
		},
		{
			name: "byEmail refuses an unknown address",
			says: "[tenancy.CodeNotFound] if there is none, or if the address is invalid.",
			prove: func(p *probe) {
				p.user(1)
				for _, email := range []string{"user2@example.com", "", "user1",
					"user1@example.com\n", "%@example.com", "user1@example.com' OR true --"} {
					p.noEmail(email, "which no user has")
				}
			},
		},
		{
			name: "list pages in the order of addresses",
			says: "List returns at most q.Limit users that match q in the order of their stored" +
				" addresses, byte by byte.",
			prove: func(p *probe) {
				for i, email := range []string{"b@example.com", "a_b@example.com",
					"a-c@example.com", "a.d@example.com", "1@example.com"} {
					u := newUser(i)
					u.Email = email
					_, err := p.Users.Create(p.ctx, u, "")
					p.ok(err, "Users.Create")
				}
				pages := [][]string{}
				for after := ""; len(pages) < 4; {
					found, err := p.Users.List(p.ctx, ports.UserQuery{After: after, Limit: 2})
					p.ok(err, "Users.List")
					emails := []string{}
					for _, u := range found {
						after = u.Email
						emails = append(emails, u.Email)
					}
					pages = append(pages, emails)
				}
				p.equal(pages, [][]string{{"1@example.com", "a-c@example.com"},
					{"a.d@example.com", "a_b@example.com"}, {"b@example.com"}, {}}, "pages of two")
			},
		},
		{
			name: "list selects ids and continues after an address",
			says: "only addresses after this one",
			prove: func(p *probe) {
				one, two, three := p.user(1), p.user(2), p.user(3)
				p.equal(p.userIDs(ports.UserQuery{}), []string{one.ID, two.ID, three.ID},
					"all users")
				p.equal(p.userIDs(ports.UserQuery{
					IDs: []string{three.ID, one.ID, "unknown", userIDOf(9)}}),
					[]string{one.ID, three.ID}, "those of some ids")
				p.equal(p.userIDs(ports.UserQuery{IDs: []string{}}), []string{}, "those of no ids")
				p.equal(p.userIDs(ports.UserQuery{IDs: []string{"unknown"}}), []string{},
					"those of an unknown id")
				p.equal(p.userIDs(ports.UserQuery{IDs: []string{one.ID, two.ID}, After: one.Email}),
					[]string{two.ID}, "those after an address")
				for _, limit := range []int{0, -1} {
					_, err := p.Users.List(p.ctx, ports.UserQuery{Limit: limit})
					p.code(err, tenancy.CodeInvalid, "Users.List with limit %d", limit)
				}
			},
		},
		{
			name: "list searches names and addresses",
			says: "a case-insensitive substring of the name or the address",
			prove: func(p *probe) {
				var ids []string
				for i, u := range []identity.User{
					{Email: "ada_lovelace@example.com", Name: "Ada"},
					{Email: "adaxlovelace@example.com", Name: "Écrivaine 100 %"},
					{Email: "grace@example.net", Name: "Grace Lovelace"},
				} {
					u.ID = userIDOf(i + 1)
					stored, err := p.Users.Create(p.ctx, u, "")
					p.ok(err, "creating %s", u.Email)
					ids = append(ids, stored.ID)
				}
				for search, want := range map[string][]string{
					"": ids, "LOVE": ids, "lovelace@": ids[:2], "grace l": ids[2:], "a_l": ids[:1],
					"0 %": ids[1:2], "écriv": ids[1:2], `\`: {}, "nowhere": {},
				} {
					p.equal(p.userIDs(ports.UserQuery{Search: search}), want, "with %q", search)
				}
				p.equal(p.userIDs(ports.UserQuery{Search: "love", IDs: ids[1:],
					After: "adaxlovelace@example.com"}), ids[2:], "with all conditions")
			},
		},
	}
}

func usersUpdate() []contractCase {
	email, name, yes := "New@Example.com", "New", true
	return []contractCase{
		{
			name: "zero change changes nothing",
			says: "Its zero value changes nothing.",
			prove: func(p *probe) {
				u := p.user(1)
				stored, err := p.Users.Update(p.ctx, u.ID, ports.UserChange{})
				p.ok(err, "Users.Update")
				p.sameUser(stored, u, "the result of Update")
			},
		},
		{
			name: "update changes the given fields",
			says: "Update changes the fields that c sets, sets UpdatedAt, and returns the stored" +
				" user.",
			prove: func(p *probe) {
				want, other := p.user(1), p.user(2)
				for _, step := range []struct {
					change ports.UserChange
					apply  func(*identity.User)
				}{
					{ports.UserChange{SuperAdmin: &yes},
						func(u *identity.User) { u.SuperAdmin = true }},
					{ports.UserChange{}, func(*identity.User) {}},
					{ports.UserChange{Email: &email},
						func(u *identity.User) { u.Email = "new@example.com" }},
					{ports.UserChange{Name: &name}, func(u *identity.User) { u.Name = name }},
				} {
					step.apply(&want)
					stored, err := p.Users.Update(p.ctx, want.ID, step.change)
					p.ok(err, "Users.Update")
					p.sameUser(stored, want, "the result of Update")
					p.sameUser(p.getUser(want.ID), want, "the stored user")
					p.equal(stored.CreatedAt.Equal(want.CreatedAt), true, "whether CreatedAt stays")
					p.equal(stored.UpdatedAt.Before(want.UpdatedAt), false,
						"whether UpdatedAt goes back")
					p.recent(stored.UpdatedAt, "UpdatedAt")
				}
				p.noEmail("user1@example.com", "the former address")
				p.sameUser(p.getUser(other.ID), other, "the other user")
			},
		},
		{
			name: "new password ends the user's sessions",
			says: "A new password ends all sessions of the user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				ended, kept := p.session(one.ID, 1), p.session(two.ID, 2)
				hash, taken := "$hash$1", two.Email
				_, err := p.Users.Update(p.ctx, one.ID,
					ports.UserChange{Email: &taken, PasswordHash: &hash})
				p.code(err, tenancy.CodeAlreadyExists, "Update to an address that exists")
				p.equal(p.password(one.ID), "", "the hash after a refused change")
				p.findSession(ended.Hash, ended.ID)
				_, err = p.Users.Update(p.ctx, one.ID,
					ports.UserChange{Name: &name, PasswordHash: &hash})
				p.ok(err, "Users.Update")
				p.equal(p.password(one.ID), hash, "the hash")
				p.noSession(ended.Hash, "of the former password")
				p.findSession(kept.Hash, kept.ID)
				_, err = p.Users.Update(p.ctx, one.ID, ports.UserChange{Name: &name})
				p.ok(err, "Users.Update of another field")
				p.equal(p.password(one.ID), hash, "the hash after a change of another field")
			},
		},
		{
			name: "concurrent updates keep each other's fields",
			says: "The other fields keep their stored values, whatever the caller has read.",
			prove: func(p *probe) {
				u, no := p.user(1), false
				_, err := p.Users.Update(p.ctx, u.ID, ports.UserChange{SuperAdmin: &yes})
				p.ok(err, "Users.Update")
				errs := atOnce(20, func(i int) error {
					c := ports.UserChange{Name: &name}
					if i == 10 {
						c = ports.UserChange{SuperAdmin: &no}
					}
					_, err := p.Users.Update(p.ctx, u.ID, c)
					return err
				})
				p.equal(countCodes(errs), map[tenancy.Code]int{"": 20},
					"the codes of 20 calls at once")
				u.Name = name
				p.sameUser(p.getUser(u.ID), u, "the user")
			},
		},
		{
			name: "update refuses an invalid or existing address",
			says: "Addresses are refused as Create refuses them; [tenancy.CodeNotFound] if there" +
				" is no such user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				taken, wrong, own := strings.ToUpper(two.Email), "no address",
					strings.ToUpper(one.Email)
				_, err := p.Users.Update(p.ctx, one.ID,
					ports.UserChange{Email: &taken, SuperAdmin: &yes})
				p.code(err, tenancy.CodeAlreadyExists, "Update to the address of another")
				_, err = p.Users.Update(p.ctx, one.ID,
					ports.UserChange{Email: &wrong, SuperAdmin: &yes})
				p.code(err, tenancy.CodeInvalid, "Update to an invalid address")
				p.sameUser(p.getUser(one.ID), one, "the user")
				_, err = p.Users.Update(p.ctx, one.ID, ports.UserChange{Email: &own})
				p.ok(err, "Update to the same address in other letters")
				p.sameUser(p.getUser(one.ID), one, "the user")
				for _, id := range []string{userIDOf(9), "", "unknown"} {
					_, err = p.Users.Update(p.ctx, id, ports.UserChange{Name: &name})
					p.code(err, tenancy.CodeNotFound, "Update of an unknown user")
				}
			},
		},
	}
}

func usersRemove() []contractCase {
	return []contractCase{
		{
			name: "remove ends all memberships",
			says: "Remove removes the user and all their memberships, in one transaction;",
			prove: func(p *probe) {
				gone, stays := p.user(1), p.user(2)
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					p.member(tenant, gone, tenancy.Admin)
					p.member(tenant, stays, tenancy.Admin)
				}
				p.ok(p.Users.Remove(p.ctx, gone.ID), "Users.Remove")
				p.noUser(gone.ID)
				p.noEmail(gone.Email, "of the removed user")
				p.equal(p.members(p.acme), []string{"2 admin"}, "acme's members")
				p.equal(p.members(p.globex), []string{"2 admin"}, "globex's members")
				p.equal(p.tenantsOf(gone.ID), []tenancy.ID{}, "the tenants of the removed user")
				made, err := p.Users.Create(p.ctx, gone, "")
				p.ok(err, "Create again")
				p.equal(p.tenantsOf(made.ID), []tenancy.ID{},
					"the tenants of the user of the same id")
			},
		},
		{
			name: "remove refuses a tenant's only admin",
			says: "If the user is the only admin of any tenant, nothing is removed:" +
				" [tenancy.CodeLastAdmin], with the ids of those tenants as the member" +
				" \"tenants\".",
			prove: func(p *probe) {
				u, other := p.user(1), p.user(2)
				p.member(p.acme, u, tenancy.Admin)
				p.member(p.acme, other, tenancy.Editor)
				p.member(p.globex, u, tenancy.Admin)
				p.member(p.globex, other, tenancy.Admin)
				p.member(tenancy.DefaultID, u, tenancy.Viewer)
				err := p.Users.Remove(p.ctx, u.ID)
				p.code(err, tenancy.CodeLastAdmin, "Remove of acme's only admin")
				p.equal(errorMembers(err)["tenants"], []string{p.acme.String()},
					"the tenants in the error")
				p.sameUser(p.getUser(u.ID), u, "the user")
				p.equal(len(p.tenantsOf(u.ID)), 3, "the number of their tenants")
				p.member(p.acme, other, tenancy.Admin)
				p.ok(p.Users.Remove(p.ctx, u.ID), "Remove when acme has another admin")
			},
		},
		{
			name: "concurrent removals leave the last admin",
			says: "If the user is the only admin of any tenant, nothing is removed:" +
				" [tenancy.CodeLastAdmin], with the ids of those tenants as the member" +
				" \"tenants\".",
			prove: func(p *probe) {
				all := make([]identity.User, 20)
				for i := range all {
					all[i] = p.user(i)
					p.member(p.acme, all[i], tenancy.Admin)
					p.member(p.globex, all[i], tenancy.Admin)
				}
				errs := atOnce(len(all),
					func(i int) error { return p.Users.Remove(p.ctx, all[i].ID) })
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": len(all) - 1, tenancy.CodeLastAdmin: 1}, "the codes")
				p.equal(len(p.members(p.acme)), 1, "the number of acme's members")
				p.equal(p.members(p.globex), p.members(p.acme), "globex's members")
			},
		},
		{
			name: "users and members are removed at once",
			says: "If the user is the only admin of any tenant, nothing is removed:",
			prove: func(p *probe) {
				all := make([]identity.User, 30)
				for i := range all {
					all[i] = p.user(i)
					p.member(p.acme, all[i], tenancy.Admin)
					p.member(p.globex, all[i], tenancy.Admin)
				}
				errs := atOnce(len(all), func(i int) error {
					switch i % 3 {
					case 0:
						return p.Users.Remove(p.ctx, all[i].ID)
					case 1:
						return p.Members.Remove(p.ctx, p.acme, all[i].ID)
					}
					_, _, err := p.Members.Put(p.ctx, p.globex, all[i].ID, tenancy.Viewer)
					return err
				})
				p.equal(countCodes(errs), map[tenancy.Code]int{"": len(all)}, "the codes")
				p.equal(len(p.members(p.acme)), 10, "the number of acme's members")
				p.equal(len(p.members(p.globex)), 20, "the number of globex's members")
				p.verifyChain(p.acme)
				p.verifyChain(p.globex)
			},
		},
		{
			name: "remove and Put at once leave no membership",
			says: "Remove removes the user and all their memberships, in one transaction;",
			prove: func(p *probe) {
				for i := range 10 {
					u := p.user(i)
					atOnce(2, func(i int) error {
						if i == 0 {
							return p.Users.Remove(p.ctx, u.ID)
						}
						_, _, err := p.Members.Put(p.ctx, p.acme, u.ID, tenancy.Viewer)
						return err
					})
				}
				p.equal(p.members(p.acme), []string{}, "the remaining memberships of removed users")
			},
		},
		{
			name: "remove refuses an unknown user",
			says: "[tenancy.CodeNotFound] if there is no such user.",
			prove: func(p *probe) {
				p.user(1)
				for _, id := range []string{userIDOf(9), "", "unknown"} {
					p.code(p.Users.Remove(p.ctx, id), tenancy.CodeNotFound, "Remove(%q)", id)
				}
				p.equal(len(p.userIDs(ports.UserQuery{})), 1, "the number of users")
			},
		},
	}
}

// newUser makes the n-th user; ids and addresses are in the order of n below 10.
func newUser(n int) identity.User {
	return identity.User{ID: userIDOf(n), Email: fmt.Sprintf("user%d@example.com", n),
		Name: fmt.Sprint("User ", n)}
}

func userIDOf(n int) string { return fmt.Sprintf("01900000-0000-7000-9000-%012d", n) }

func (p *probe) user(n int) identity.User {
	made, err := p.Users.Create(p.ctx, newUser(n), "")
	p.ok(err, "Users.Create(%d)", n)
	return made
}

func (p *probe) getUser(id string) identity.User {
	found, err := p.Users.Get(p.ctx, id)
	p.ok(err, "Users.Get(%s)", id)
	return found
}

func (p *probe) noUser(id string) {
	_, err := p.Users.Get(p.ctx, id)
	p.code(err, tenancy.CodeNotFound, "Users.Get(%q)", id)
}

func (p *probe) noEmail(email, which string) {
	_, err := p.Users.ByEmail(p.ctx, email)
	p.code(err, tenancy.CodeNotFound, "Users.ByEmail(%q) %s", email, which)
}

func (p *probe) userIDs(q ports.UserQuery) []string {
	q.Limit = 100
	found, err := p.Users.List(p.ctx, q)
	p.ok(err, "Users.List(%+v)", q)
	ids := []string{}
	for _, u := range found {
		ids = append(ids, u.ID)
	}
	return ids
}

// sameUser compares all but the times.
func (p *probe) sameUser(got, want identity.User, what string) {
	got.CreatedAt, got.UpdatedAt, want.CreatedAt, want.UpdatedAt = time.Time{}, time.Time{},
		time.Time{}, time.Time{}
	p.equal(got, want, "%s", what)
}
