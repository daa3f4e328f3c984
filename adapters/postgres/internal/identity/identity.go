package identity

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Provide sets the ports of tenants, API keys, members, invitations, users and sign-in.
func Provide(s *ports.Services, p *pool.Pool, d *declare.Set) {
	s.Tenants = &tenants{p, d}
	s.Keys, s.KeyFinder = &keys{p}, &keyFinder{p}
	s.Users, s.Members, s.Memberships = &users{p}, &members{p}, &memberships{p}
	s.Invitations, s.InvitationFinder = &invitations{p}, &invitationFinder{p}
	s.Passwords, s.Identities = &passwords{p}, &identities{p}
	s.Sessions, s.SessionFinder = &sessions{p}, &sessionFinder{p}
	s.LoginAttempts = &loginAttempts{p}
}

// parseID returns the canonical form of an id, or notFound: an id that isn't a UUID identifies
// nothing.
func parseID(id string, notFound error) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", notFound
	}
	return parsed.String(), nil
}

// utc returns t in UTC. It keeps a zero time, which stands for NULL, zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// marshalActor returns an actor as JSON for a column, nil for the zero actor.
func marshalActor(a tenancy.Actor) any {
	if a == (tenancy.Actor{}) {
		return nil
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return nil // can't happen: an actor has strings only
	}
	return string(raw)
}

// unmarshalActor decodes the result of marshalActor. JSON that isn't an actor is the zero actor.
func unmarshalActor(raw *string) (a tenancy.Actor) {
	if raw != nil {
		_ = json.Unmarshal([]byte(*raw), &a)
	}
	return a
}

// orEmpty returns *s, or "" for NULL.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
