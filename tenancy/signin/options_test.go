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
		"Identities":    func(s *ports.Services) { s.Identities = nil },
		"PlatformAudit": func(s *ports.Services) { s.PlatformAudit = nil },
	} {
		s := memory.New(nil, memory.Options{}).Services()
		take(&s)
		assert.PanicsWithValue(t, "signin.New: Services."+name+" is nil",
			func() { signin.New(s, signin.Options{}) })
	}
}

func TestNewNamesTheSameMissingPortEachTime(t *testing.T) {
	t.Parallel()
	for range 20 {
		assert.PanicsWithValue(t, "signin.New: Services.Users is nil",
			func() { signin.New(ports.Services{}, signin.Options{}) })
	}
}
