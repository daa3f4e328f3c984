package commandtest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/commands"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestCommandLineManagesUsersMembersAndInvitations(t *testing.T) {
	t.Parallel()
	s := serve(t)
	acme := s.Tenant(t)

	ada := harness.DecodeOutput[commands.User](t,
		s.Run(t, "user", "create", "Ada@Example.com", "Ada", "--super-admin",
			"--json"))
	require.Equal(t, commands.User{ID: ada.ID, Email: "ada@example.com", Name: "Ada",
		SuperAdmin: true, CreatedAt: ada.CreatedAt, UpdatedAt: ada.UpdatedAt}, ada)
	require.Contains(t, s.Run(t, "user", "show", ada.ID).RequireStatus(t, cli.ExitDone).Out,
		"ada@example.com  Ada   yes")
	changed := harness.DecodeOutput[commands.User](t,
		s.Run(t, "user", "update", ada.ID, "--name", "Ada L.", "--no-super-admin", "--json"))
	require.Equal(t, "Ada L.", changed.Name)
	require.False(t, changed.SuperAdmin)
	require.Equal(t, []commands.User{changed},
		harness.DecodeOutput[[]commands.User](t, s.Run(t, "user", "list", "--json")))
	require.Contains(t, s.Run(t, "user", "create", "ada@EXAMPLE.com", "Eve").
		RequireStatus(t, cli.ExitRefused).
		Err, "already_exists")

	require.Contains(t, s.Run(t, "member", "set", ada.ID, "admin", "--tenant", acme.Tenant).
		RequireStatus(t, cli.ExitDone).Out, "admin")
	members := harness.DecodeOutput[[]commands.Member](t,
		s.Run(t, "member", "list", "--tenant", acme.Tenant, "--json"))
	require.Len(t, members, 1)
	require.Equal(t, "ada@example.com", members[0].Email)
	require.Contains(t, s.Run(t, "member", "remove", ada.ID, "--tenant", acme.Tenant).
		RequireStatus(t, cli.ExitRefused).Err, "last_admin")

	link := s.Run(t, "invitation", "create", "bob@example.com", "editor", "--tenant", acme.Tenant,
		"--expires-in", "48h").RequireStatus(t, cli.ExitDone).Out
	lines := strings.Split(strings.TrimSpace(link), "\n")
	require.True(t, strings.HasPrefix(lines[1], s.URL+"/invitations/accept#"+
		tenancy.InvitationPrefix), link)
	open := harness.DecodeOutput[[]commands.Invitation](t,
		s.Run(t, "invitation", "list", "--tenant", acme.Tenant, "--json"))
	require.Len(t, open, 1)
	require.Empty(t, open[0].Token)
	expires, err := time.Parse(time.RFC3339, open[0].ExpiresAt)
	require.NoError(t, err)
	require.InDelta(t, 48, time.Until(expires).Hours(), 0.1)
	require.Contains(t, harness.Run(t, nil, "invitation", "accept", lines[1], "--url", s.URL).
		RequireStatus(t, cli.ExitRefused).Err, "set one with --password")
	accepted := harness.DecodeOutput[commands.AcceptResult](t,
		harness.RunWithInput(t, nil, "correct horse battery\n", "invitation", "accept", lines[1],
			"--name", "Bob", "--password", "--json", "--url", s.URL))
	require.Equal(t, "Bob", accepted.User.Name)
	require.Equal(t, "editor", accepted.Role)
	require.Contains(t, harness.Run(t, nil, "invitation", "accept", lines[1], "--url", s.URL).
		RequireStatus(t, cli.ExitRefused).Err, "not_found")

	revoked := harness.DecodeOutput[commands.Invitation](t,
		s.Run(t, "invitation", "create", "eve@example.com", "viewer",
			"--tenant", acme.Tenant, "--json"))
	s.Run(t, "invitation", "revoke", revoked.ID, "--tenant", acme.Tenant).
		RequireStatus(t, cli.ExitDone)
	harness.Run(t, nil, "invitation", "accept", revoked.Token, "--url", s.URL).
		RequireStatus(t, cli.ExitRefused)

	s.Run(t, "member", "set", accepted.User.ID, "admin", "--tenant", acme.Tenant).
		RequireStatus(t, cli.ExitDone)
	require.JSONEq(t, `{"removed":"`+ada.ID+`"}`, s.Run(t, "user", "remove", ada.ID, "--json").
		RequireStatus(t, cli.ExitDone).Out)
	require.Contains(t, s.Run(t, "user", "show", ada.ID).RequireStatus(t, cli.ExitRefused).Err,
		"not_found")
	require.Equal(t, accepted.User.ID,
		harness.DecodeOutput[[]commands.Member](t,
			s.Run(t, "member", "list", "--tenant", acme.Tenant, "--json"))[0].UserID)
}

func TestPeopleAreNamedByAddress(t *testing.T) {
	t.Parallel()
	s := serve(t)
	acme := s.Tenant(t)
	tenant := []string{"--tenant", acme.Tenant}
	s.Run(t, "user", "create", "ada@example.com", "Ada").RequireStatus(t, cli.ExitDone)
	s.Run(t, "user", "create", "ada@example.com.example.net", "Eve").RequireStatus(t, cli.ExitDone)
	require.Contains(t, s.Run(t, "user", "show", "ADA@example.com").RequireStatus(t, cli.ExitDone).Out,
		"Ada ")
	require.Contains(t, s.Run(t, "user", "update", "ada@example.com", "--name", "Ada L.").
		RequireStatus(t, cli.ExitDone).Out, "Ada L.")

	set := func(role string) harness.Result {
		return s.Run(t, append([]string{"member", "set", "Ada@Example.com", role}, tenant...)...)
	}
	require.Contains(t, set("admin").RequireStatus(t, cli.ExitDone).Out, "admin", "added")
	require.Contains(t, set("viewer").RequireStatus(t, cli.ExitRefused).Err, "last_admin")

	admin := map[string]string{"REGISTRY_TOKEN": acme.Key(t, tenancy.Admin).Token}
	asAdmin := func(args ...string) harness.Result {
		return harness.Run(t, admin, append(args, "--tenant", acme.Tenant, "--url", s.URL)...)
	}
	refused := asAdmin("member", "set", "ada@example.com.example.net", "editor").
		RequireStatus(t, cli.ExitRefused)
	require.Contains(t, refused.Err, "registry invitation create")
	s.Run(t, append([]string{"member", "set", "ada@example.com.example.net", "editor"}, tenant...)...).
		RequireStatus(t, cli.ExitDone)
	asAdmin("member", "set", "ada@example.com.example.net", "viewer").RequireStatus(t, cli.ExitDone)
	asAdmin("member", "remove", "ada@example.com.example.net").RequireStatus(t, cli.ExitDone)
	for _, gone := range [][]string{{"member", "remove", "ada@example.com.example.net", "--tenant",
		acme.Tenant}, {"member", "set", "gone@example.com", "viewer", "--tenant", acme.Tenant},
		{"user", "remove", "gone@example.com"}} {
		require.Contains(t, s.Run(t, gone...).RequireStatus(t, cli.ExitRefused).Err,
			"has the e-mail address")
	}
	require.JSONEq(t, `{"removed":"ada@example.com.example.net"}`, s.Run(t, "user", "remove",
		"ada@example.com.example.net", "--json").RequireStatus(t, cli.ExitDone).Out)
}
