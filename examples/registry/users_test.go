package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// decodeOutput decodes the output of a command with --json.
func decodeOutput[T any](t *testing.T, e commandResult) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(e.requireStatus(t, exitDone).out), &v), "%s", e.out)
	return v
}

func TestCommandLineManagesUsersMembersAndInvitations(t *testing.T) {
	t.Parallel()
	s := serve(t)
	acme := s.tenant(t)

	ada := decodeOutput[user](t,
		s.run(t, "user", "create", "Ada@Example.com", "Ada", "--super-admin",
			"--json"))
	require.Equal(t, user{ID: ada.ID, Email: "ada@example.com", Name: "Ada", SuperAdmin: true,
		CreatedAt: ada.CreatedAt, UpdatedAt: ada.UpdatedAt}, ada)
	require.Contains(t, s.run(t, "user", "show", ada.ID).requireStatus(t, exitDone).out,
		"ada@example.com  Ada   yes")
	changed := decodeOutput[user](t,
		s.run(t, "user", "update", ada.ID, "--name", "Ada L.", "--no-super-admin", "--json"))
	require.Equal(t, "Ada L.", changed.Name)
	require.False(t, changed.SuperAdmin)
	require.Equal(t, []user{changed}, decodeOutput[[]user](t, s.run(t, "user", "list", "--json")))
	require.Contains(t, s.run(t, "user", "create", "ada@EXAMPLE.com", "Eve").
		requireStatus(t, exitRefused).
		err, "already_exists")

	require.Contains(t, s.run(t, "member", "set", ada.ID, "admin", "--tenant", acme.tenant).
		requireStatus(t, exitDone).out, "admin")
	members := decodeOutput[[]member](t,
		s.run(t, "member", "list", "--tenant", acme.tenant, "--json"))
	require.Len(t, members, 1)
	require.Equal(t, "ada@example.com", members[0].Email)
	require.Contains(t, s.run(t, "member", "remove", ada.ID, "--tenant", acme.tenant).
		requireStatus(t, exitRefused).err, "last_admin")

	link := s.run(t, "invitation", "create", "bob@example.com", "editor", "--tenant", acme.tenant,
		"--expires-in", "48h").requireStatus(t, exitDone).out
	lines := strings.Split(strings.TrimSpace(link), "\n")
	require.True(t, strings.HasPrefix(lines[1], s.url+"/invitations/accept#"+
		tenancy.InvitationPrefix), link)
	open := decodeOutput[[]invitation](t,
		s.run(t, "invitation", "list", "--tenant", acme.tenant, "--json"))
	require.Len(t, open, 1)
	require.Empty(t, open[0].Token)
	expires, err := time.Parse(time.RFC3339, open[0].ExpiresAt)
	require.NoError(t, err)
	require.InDelta(t, 48, time.Until(expires).Hours(), 0.1)
	accepted := decodeOutput[acceptResult](t,
		runWith(t, nil, "invitation", "accept", lines[1], "--name", "Bob",
			"--json", "--url", s.url))
	require.Equal(t, "Bob", accepted.User.Name)
	require.Equal(t, "editor", accepted.Role)
	require.Contains(t, runWith(t, nil, "invitation", "accept", lines[1], "--url", s.url).
		requireStatus(t, exitRefused).err, "not_found")

	revoked := decodeOutput[invitation](t,
		s.run(t, "invitation", "create", "eve@example.com", "viewer",
			"--tenant", acme.tenant, "--json"))
	s.run(t, "invitation", "revoke", revoked.ID, "--tenant", acme.tenant).requireStatus(t, exitDone)
	runWith(t, nil, "invitation", "accept", revoked.Token, "--url", s.url).
		requireStatus(t, exitRefused)

	s.run(t, "member", "set", accepted.User.ID, "admin", "--tenant", acme.tenant).
		requireStatus(t, exitDone)
	require.JSONEq(t, `{"removed":"`+ada.ID+`"}`, s.run(t, "user", "remove", ada.ID, "--json").
		requireStatus(t, exitDone).out)
	require.Contains(t, s.run(t, "user", "show", ada.ID).requireStatus(t, exitRefused).err,
		"not_found")
	require.Equal(t, accepted.User.ID,
		decodeOutput[[]member](t,
			s.run(t, "member", "list", "--tenant", acme.tenant, "--json"))[0].UserID)
}

func TestWrongUsageOfUserCommandsExitsWithTwo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"update without changes": {"user", "update", "01900000-0000-7000-8000-000000000001"},
		"missing tenant":         {"member", "list"},
		"unknown role":           {"member", "set", "x", "owner", "--tenant", "acme"},
		"missing subcommand":     {"user"},
		"fractional expiry": {"invitation", "create", "a@example.com", "viewer", "--tenant",
			"acme", "--expires-in", "500ms"},
		"negative expiry": {"invitation", "create", "a@example.com", "viewer", "--tenant",
			"acme", "--expires-in=-1h"},
		"missing password":     {"user", "create", "a@example.com", "A", "--password"},
		"password as argument": {"user", "create", "a@example.com", "A", "--password=secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runLine(t, args...)
			require.Equal(t, exitUsage, got.status, got.err)
			require.Empty(t, got.out)
		})
	}
}

// TestPasswordIsReadFromStandardInput checks the request that the registry receives.
func TestPasswordIsReadFromStandardInput(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"correct horse battery\n": "correct horse battery", "no line end": "no line end",
		"windows\r\n":               "windows",
		" spaces stay \nand more\n": " spaces stay ", "with \"quotes\"\n": `with "quotes"`,
	} {
		var sent map[string]any
		registry := httptest.NewServer(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = json.NewDecoder(r.Body).Decode(&sent)
				_, _ = w.Write([]byte(`{"id":"1","email":"a@example.com"}`))
			}))
		var out, errs bytes.Buffer
		term := terminal{in: strings.NewReader(input), out: &out, err: &errs,
			getenv: func(string) string { return "" }}
		status := run(t.Context(), []string{"user", "create", "a@example.com", "A", "--password",
			"--url", registry.URL}, term)
		registry.Close()
		require.Equal(t, exitDone, status, errs.String())
		require.Equal(t, want, sent["password"])
		require.NotContains(t, out.String()+errs.String(), want)
	}
}

func TestUserListReplacesControlCharacters(t *testing.T) {
	t.Parallel()
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(
			`{"items":[{"id":"1","email":"a@example.com","name":"\u001b[2J\u202eevil\nname\t"}]}`))
	}))
	defer registry.Close()
	got := runLine(t, "user", "list", "--url", registry.URL)
	require.Equal(t, exitDone, got.status, got.err)
	require.NotContains(t, got.out, "\x1b")
	require.NotContains(t, got.out, "\u202e")
	require.Equal(t, 2, strings.Count(got.out, "\n"))
}

// TestAdoptedUsersAreMembersOfDefaultTenant has two users whose e-mail addresses
// differ only in case. Both are adopted.
func TestAdoptedUsersAreMembersOfDefaultTenant(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	require.NoError(t, postgres.MigrateUp(t.Context(), adoptionOptions(t, url, true),
		fastMigration(postgres.Contract)))
	s := serveWith(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	members := decodeOutput[[]member](t,
		s.run(t, "member", "list", "--tenant", "default", "--json"))
	roles, ids := map[string]string{}, map[string]string{}
	for _, m := range members {
		roles[m.Email], ids[m.Email] = m.Role, m.UserID
	}
	require.Equal(t, map[string]string{"Ed@example.com": "editor", "ed@example.com": "editor",
		"root@example.com": "admin"}, roles)
	require.Len(t, decodeOutput[[]user](t, s.run(t, "user", "list", "--json")), 3)
	require.Contains(t, s.run(t, "user", "create", "ED@example.com", "Ed").
		requireStatus(t, exitRefused).
		err, "already_exists")
	require.Contains(t, s.run(t, "member", "remove", ids["root@example.com"], "--tenant",
		"default").requireStatus(t, exitRefused).err, "last_admin")
	require.Contains(t, s.run(t, "user", "remove", ids["root@example.com"]).
		requireStatus(t, exitRefused).
		err, "last_admin")

	for _, email := range []string{"Ed@example.com", "ed@example.com"} {
		renamed := decodeOutput[user](t,
			s.run(t, "user", "update", ids[email], "--name", "Renamed", "--json"))
		require.Equal(t, email, renamed.Email, "an address is only changed by --email")
	}
	s.run(t, "member", "set", ids["ed@example.com"], "admin", "--tenant", "default").
		requireStatus(t, exitDone)
	s.run(t, "user", "remove", ids["root@example.com"]).requireStatus(t, exitDone)
	require.Contains(t, s.run(t, "user", "update", ids["Ed@example.com"], "--email",
		"ed@example.com").requireStatus(t, exitRefused).err, "already_exists")
	s.run(t, "user", "update", ids["Ed@example.com"], "--email", "Ed.the.other@example.com").
		requireStatus(t, exitDone)

	old := caller{server: s, token: oldKey} // the key of root, who was removed
	old.get(t, "/api/v1/me").hasStatus(t, http.StatusOK)
}

// TestUsersOfExpandedDatabaseAreManaged has tenancy off, while the old version still
// writes its table of users.
func TestUsersOfExpandedDatabaseAreManaged(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	s := serveWith(t, map[string]string{"DATABASE_URL": url})
	db := connect(t, url)
	for _, change := range []string{
		"INSERT INTO users (email, name) VALUES ('NEW@example.com', 'New'), ('new@example.com'," +
			" 'New too')",
		"UPDATE users SET email = 'Other@example.com' WHERE email = 'ed@example.com'",
		// root has the same address in lower case
		"UPDATE users SET email = 'ROOT@example.com' WHERE email = 'NEW@example.com'",
	} {
		_, err := db.ExecContext(t.Context(), change)
		require.NoError(t, err, change)
	}
	emails := []string{}
	for _, m := range decodeOutput[[]user](t, s.run(t, "user", "list", "--json")) {
		emails = append(emails, m.Email)
	}
	require.Equal(t, []string{"Ed@example.com", "Other@example.com", "ROOT@example.com",
		"new@example.com", "root@example.com"}, emails)
	var keys string
	require.NoError(t, db.NewRaw(
		"SELECT string_agg(email || ' ' || coalesce(email_key, '-'), ', '"+
			" ORDER BY email COLLATE \"C\") FROM bailiwick.users").Scan(t.Context(), &keys))
	require.Equal(t, "Ed@example.com -, Other@example.com other@example.com, ROOT@example.com -,"+
		" new@example.com -, root@example.com root@example.com", keys)

	i := decodeOutput[invitation](t, s.run(t, "invitation", "create", "bob@example.com", "viewer",
		"--tenant", "default", "--json"))
	runWith(t, nil, "invitation", "accept", i.Token, "--url", s.url).requireStatus(t, exitDone)
	require.Contains(t, s.run(t, "member", "list", "--tenant", "default").
		requireStatus(t, exitDone).out,
		"bob@example.com")
}
