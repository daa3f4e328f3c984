package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestCommandLineManagesUsersMembersAndInvitations(t *testing.T) {
	t.Parallel()
	s := cmdServe(t)
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
