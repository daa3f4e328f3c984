package adopttest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/commands"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// TestAdoptedUsersAreMembersOfDefaultTenant has two users whose e-mail addresses
// differ only in case. Both are adopted.
func TestAdoptedUsersAreMembersOfDefaultTenant(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	require.NoError(t, postgres.MigrateUp(t.Context(), adoptionOptions(t, url, true),
		fastMigration(adoption.Contract)))
	s := harness.Serve(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	members := harness.DecodeOutput[[]commands.Member](t,
		s.Run(t, "member", "list", "--tenant", "default", "--json"))
	roles, ids := map[string]string{}, map[string]string{}
	for _, m := range members {
		roles[m.Email], ids[m.Email] = m.Role, m.UserID
	}
	require.Equal(t, map[string]string{"Ed@example.com": "editor", "ed@example.com": "editor",
		"root@example.com": "admin"}, roles)
	require.Len(t, harness.DecodeOutput[[]commands.User](t, s.Run(t, "user", "list", "--json")), 3)
	require.Contains(t, s.Run(t, "user", "create", "ED@example.com", "Ed").
		RequireStatus(t, cli.ExitRefused).
		Err, "already_exists")
	require.Contains(t, s.Run(t, "member", "remove", ids["root@example.com"], "--tenant",
		"default").RequireStatus(t, cli.ExitRefused).Err, "last_admin")
	require.Contains(t, s.Run(t, "user", "remove", ids["root@example.com"]).
		RequireStatus(t, cli.ExitRefused).
		Err, "last_admin")

	for _, email := range []string{"Ed@example.com", "ed@example.com"} {
		renamed := harness.DecodeOutput[commands.User](t,
			s.Run(t, "user", "update", ids[email], "--name", "Renamed", "--json"))
		require.Equal(t, email, renamed.Email, "an address is only changed by --email")
	}
	s.Run(t, "member", "set", ids["ed@example.com"], "admin", "--tenant", "default").
		RequireStatus(t, cli.ExitDone)
	s.Run(t, "user", "remove", ids["root@example.com"]).RequireStatus(t, cli.ExitDone)
	require.Contains(t, s.Run(t, "user", "update", ids["Ed@example.com"], "--email",
		"ed@example.com").RequireStatus(t, cli.ExitRefused).Err, "already_exists")
	s.Run(t, "user", "update", ids["Ed@example.com"], "--email", "Ed.the.other@example.com").
		RequireStatus(t, cli.ExitDone)

	old := harness.Caller{Server: s, Token: oldKey} // the key of root, who was removed
	old.Get(t, "/api/v1/me").HasStatus(t, http.StatusOK)
}

// TestUsersOfExpandedDatabaseAreManaged has tenancy off, while the old version still
// writes its table of users.
func TestUsersOfExpandedDatabaseAreManaged(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	s := harness.Serve(t, map[string]string{"DATABASE_URL": url})
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
	for _, m := range harness.DecodeOutput[[]commands.User](t, s.Run(t, "user", "list", "--json")) {
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

	i := harness.DecodeOutput[commands.Invitation](t,
		s.Run(t, "invitation", "create", "bob@example.com", "viewer",
			"--tenant", "default", "--json"))
	harness.RunWithInput(t, nil, "correct horse battery\n", "invitation", "accept", i.Token,
		"--password", "--url", s.URL).RequireStatus(t, cli.ExitDone)
	require.Contains(t, s.Run(t, "member", "list", "--tenant", "default").
		RequireStatus(t, cli.ExitDone).Out,
		"bob@example.com")
}
