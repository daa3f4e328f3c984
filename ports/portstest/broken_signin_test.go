package portstest_test

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// anybodysSession looks at the id alone.
type anybodysSession struct {
	ports.Sessions
	users ports.Users
}

func (b anybodysSession) Revoke(ctx context.Context, user, id string) error {
	all, err := b.users.List(ctx, ports.UserQuery{Limit: 1000})
	if err != nil {
		return err
	}
	for _, u := range all {
		if err = b.Sessions.Revoke(ctx, u.ID, id); err == nil {
			return nil
		}
	}
	return b.Sessions.Revoke(ctx, user, id)
}

// formerPassword lets a session begin whatever became of the password.
type formerPassword struct{ ports.Sessions }

func (b formerPassword) Create(ctx context.Context, s identity.Session, _ string) error {
	return b.Sessions.Create(ctx, s, "")
}

// expiredSessions lists them for ever.
type expiredSessions struct{ ports.Sessions }

func (b expiredSessions) List(
	ctx context.Context, user string, _ time.Time,
) ([]identity.Session, error) {
	return b.Sessions.List(ctx, user, time.Time{})
}

// deafFinder finds what has ended at a time that it doesn't look at.
type deafFinder struct{ ports.SessionFinder }

func (b deafFinder) Find(
	ctx context.Context, hash identity.SessionHash, _ time.Time,
) (identity.Session, error) {
	return b.SessionFinder.Find(ctx, hash, time.Time{})
}

// suddenRenewal leaves no time to the requests under way.
type suddenRenewal struct{ ports.SessionFinder }

func (b suddenRenewal) Renew(
	ctx context.Context, id string, from identity.SessionHash, to ports.SessionRenewal,
) error {
	to.Overlap = time.Time{}
	return b.SessionFinder.Renew(ctx, id, from, to)
}

// exactSeeing notes another minute than it is told.
type exactSeeing struct{ ports.SessionFinder }

func (b exactSeeing) Touch(ctx context.Context, id string, at time.Time) error {
	return b.SessionFinder.Touch(ctx, id, at.Add(time.Minute))
}

// keepsSessions sets a password and nothing else.
type keepsSessions struct{ ports.Passwords }

func (b keepsSessions) Set(ctx context.Context, user, hash, _ string) error {
	kept, err := b.Of(ctx, user)
	if err != nil || kept.Hash == "" {
		return b.Passwords.Set(ctx, user, hash, "")
	}
	return b.Rehash(ctx, user, kept.Hash, hash)
}

// lateImprover overwrites a newer password.
type lateImprover struct{ ports.Passwords }

func (b lateImprover) Rehash(ctx context.Context, user, from, to string) error {
	if kept, err := b.Of(ctx, user); err == nil {
		from = kept.Hash
	}
	return b.Passwords.Rehash(ctx, user, from, to)
}

// hastyAttempts counts before it looks whether an attempt has to wait.
type hastyAttempts struct{ ports.LoginAttempts }

func (b hastyAttempts) Begin(
	ctx context.Context, now time.Time, subjects ...ports.Subject,
) (wait time.Duration, err error) {
	for _, s := range subjects {
		more, err := b.LoginAttempts.Begin(ctx, now, s)
		if err != nil {
			return 0, err
		}
		wait = max(wait, more)
	}
	return wait, nil
}

// clearingAttempts forgets all where one is to be taken back.
type clearingAttempts struct{ ports.LoginAttempts }

func (b clearingAttempts) Clear(ctx context.Context, key ports.SubjectKey) error {
	return b.Refund(ctx, key)
}

// looseIdentities tells subjects apart by no issuer.
type looseIdentities struct{ ports.Identities }

func (b looseIdentities) Find(ctx context.Context, i identity.Identity) (string, error) {
	i.Issuer = identityIssuer
	return b.Identities.Find(ctx, i)
}

const identityIssuer = "https://issuer.example"
