package portstest_test

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// revokesByIDAlone revokes the session of any user.
type revokesByIDAlone struct {
	ports.Sessions
	users ports.Users
}

func (b revokesByIDAlone) Revoke(ctx context.Context, user, id string) error {
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

// acceptsFormerPassword creates a session without a check of the password.
type acceptsFormerPassword struct{ ports.Sessions }

func (b acceptsFormerPassword) Create(ctx context.Context, s identity.Session, _ string) error {
	return b.Sessions.Create(ctx, s, "")
}

// listsExpiredSessions ignores the time.
type listsExpiredSessions struct{ ports.Sessions }

func (b listsExpiredSessions) List(
	ctx context.Context, user string, _ time.Time,
) ([]identity.Session, error) {
	return b.Sessions.List(ctx, user, time.Time{})
}

// findsExpiredSessions ignores the time.
type findsExpiredSessions struct{ ports.SessionFinder }

func (b findsExpiredSessions) Find(
	ctx context.Context, hash identity.SessionHash, _ time.Time,
) (identity.Session, error) {
	return b.SessionFinder.Find(ctx, hash, time.Time{})
}

// renewsWithoutOverlap ends the former secret at once, so that running requests fail.
type renewsWithoutOverlap struct{ ports.SessionFinder }

func (b renewsWithoutOverlap) Renew(
	ctx context.Context, id string, from identity.SessionHash, to ports.SessionRenewal,
) error {
	to.Overlap = time.Time{}
	return b.SessionFinder.Renew(ctx, id, from, to)
}

// touchesNextMinute records the minute after the given one.
type touchesNextMinute struct{ ports.SessionFinder }

func (b touchesNextMinute) Touch(ctx context.Context, id string, at time.Time) error {
	return b.SessionFinder.Touch(ctx, id, at.Add(time.Minute))
}

// setKeepsSessions sets a password but ends no session.
type setKeepsSessions struct{ ports.Passwords }

func (b setKeepsSessions) Set(ctx context.Context, user, hash, _ string) error {
	kept, err := b.Get(ctx, user)
	if err != nil || kept.Hash == "" {
		return b.Passwords.Set(ctx, user, hash, "")
	}
	return b.Rehash(ctx, user, kept.Hash, hash)
}

// rehashOverwrites overwrites a newer password.
type rehashOverwrites struct{ ports.Passwords }

func (b rehashOverwrites) Rehash(ctx context.Context, user, from, to string) error {
	if kept, err := b.Get(ctx, user); err == nil {
		from = kept.Hash
	}
	return b.Passwords.Rehash(ctx, user, from, to)
}

// countsWhileWaiting counts each subject even if another one has to wait.
type countsWhileWaiting struct{ ports.LoginAttempts }

func (b countsWhileWaiting) Begin(
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

// clearRefundsOne takes back one attempt instead of all.
type clearRefundsOne struct{ ports.LoginAttempts }

func (b clearRefundsOne) Clear(ctx context.Context, key ports.SubjectKey) error {
	return b.Refund(ctx, key)
}

// ignoresIssuer finds an identity by its subject alone.
type ignoresIssuer struct{ ports.Identities }

func (b ignoresIssuer) Find(ctx context.Context, i identity.Identity) (string, error) {
	i.Issuer = identityIssuer
	return b.Identities.Find(ctx, i)
}

const identityIssuer = "https://issuer.example"
