package signin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

func TestInvalidOptionIsNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, signin.Options{}.Check())
	for name, o := range map[string]signin.Options{
		"Lifetime": {Lifetime: -1}, "Idle": {Idle: -1}, "Refusal": {Refusal: -1},
		"MaxConcurrentHashes": {MaxConcurrentHashes: -1},
		"Cost":                {Cost: signin.Cost{Memory: 64, Passes: 1}}, "CreateUsers": {CreateUsers: true},
		"Account": {Account: identity.Backoff{Free: 5}},
		"Address": {Address: identity.Backoff{Free: 5, Initial: time.Second, Max: time.Minute,
			Reset: time.Second}},
	} {
		assert.ErrorContains(t, o.Check(), name)
		assert.Panics(t, func() { signin.New(memory.New(nil, memory.Options{}).Services(), o) },
			name)
	}
}

func TestNewNamesMissingPorts(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*ports.Services){
		"Users":         func(s *ports.Services) { s.Users = nil },
		"Memberships":   func(s *ports.Services) { s.Memberships = nil },
		"Passwords":     func(s *ports.Services) { s.Passwords = nil },
		"Sessions":      func(s *ports.Services) { s.Sessions = nil },
		"SessionFinder": func(s *ports.Services) { s.SessionFinder = nil },
		"LoginAttempts": func(s *ports.Services) { s.LoginAttempts = nil },
		"PlatformAudit": func(s *ports.Services) { s.PlatformAudit = nil },
	} {
		s := memory.New(nil, memory.Options{}).Services()
		take(&s)
		assert.PanicsWithValue(t, "signin.New: missing: Services."+name,
			func() { signin.New(s, signin.Options{}) })
	}
}

func TestIdentitiesAreNeededOnlyWithAProvider(t *testing.T) {
	t.Parallel()
	s := memory.New(nil, memory.Options{}).Services()
	s.Identities = nil
	assert.NotPanics(t, func() { signin.New(s, signin.Options{}) })
	var provider struct{ signin.Provider }
	assert.PanicsWithValue(t, "signin.New: missing: Services.Identities",
		func() { signin.New(s, signin.Options{Provider: provider}) })
}

func TestTheFirstFaultIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	for range 20 {
		assert.PanicsWithValue(t, "signin.New: missing: Services.Users, Services.Memberships,"+
			" Services.Passwords, Services.Sessions, Services.SessionFinder,"+
			" Services.LoginAttempts, Services.PlatformAudit",
			func() { signin.New(ports.Services{}, signin.Options{}) })
		assert.ErrorContains(t, signin.Options{Lifetime: -1, Idle: -1, Refusal: -1}.Check(),
			"Options.Lifetime")
		invalid := identity.Backoff{Free: -1}
		assert.ErrorContains(t, signin.Options{Account: invalid, Address: invalid}.Check(),
			"Options.Account")
	}
}
