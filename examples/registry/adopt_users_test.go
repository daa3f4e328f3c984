package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

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
