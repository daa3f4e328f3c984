package portstest

import (
	"crypto/sha256"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func loginAttemptsSuite() []contractCase {
	return []contractCase{
		{
			name: "attempts are counted",
			says: "Begin counts an attempt for each subject, as [identity.AttemptState.Add] does.",
			prove: func(p *probe) {
				s, now := subject("a"), attemptsStart
				for _, wait := range []time.Duration{0, 0, time.Second, 2 * time.Second,
					4 * time.Second, 4 * time.Second} {
					if wait > 0 {
						p.wantWait(wait, now, s)
						p.wantWait(wait/2, now.Add(wait/2), s)
						now = now.Add(wait)
					}
					p.wantWait(0, now, s)
				}
				p.wantWait(0, now.Add(time.Hour), s)
				p.wantWait(0, now.Add(time.Hour), s)
				p.wantWait(time.Second, now.Add(time.Hour), s)
			},
		},
		{
			name: "no subject is counted if one waits",
			says: "If one subject has to wait, none is counted, and the longest wait is returned.",
			prove: func(p *probe) {
				a, b := subject("a"), subject("b")
				p.wantWait(0, attemptsStart, a)
				p.wantWait(0, attemptsStart, a)
				for range 5 {
					p.wantWait(time.Second, attemptsStart, a, b)
					p.wantWait(time.Second, attemptsStart, b, a)
				}
				p.wantWait(0, attemptsStart, b)
				p.wantWait(0, attemptsStart, b)
				p.wantWait(time.Second, attemptsStart, b)
				p.wantWait(0, attemptsStart.Add(time.Second), a)
				p.wantWait(2*time.Second, attemptsStart.Add(time.Second), b, a)
			},
		},
		{
			name: "concurrent attempts are counted one by one",
			says: "Attempts at the same time are counted one after the other.",
			prove: func(p *probe) {
				a, b := subject("a"), subject("b")
				var begun atomic.Int64
				errs := atOnce(20, func(i int) error {
					subjects := []ports.Subject{a, b}
					if i%2 == 0 {
						subjects = []ports.Subject{b, a}
					}
					wait, err := p.LoginAttempts.Begin(p.ctx, attemptsStart, subjects...)
					if wait == 0 && err == nil {
						begun.Add(1)
					}
					return err
				})
				p.equal(countCodes(errs), map[tenancy.Code]int{"": 20}, "the codes")
				p.equal(begun.Load(), int64(2), "how many of 20 attempts at once didn't wait")
			},
		},
		{
			name: "clear forgets a subject's attempts",
			says: "Clear forgets the attempts for a subject.",
			prove: func(p *probe) {
				a, b := subject("a"), subject("b")
				for range 2 {
					p.wantWait(0, attemptsStart, a, b)
				}
				p.ok(p.LoginAttempts.Clear(p.ctx, a.Key), "Clear")
				p.wantWait(0, attemptsStart, a)
				p.wantWait(time.Second, attemptsStart, b)
				p.ok(p.LoginAttempts.Clear(p.ctx, subject("c").Key), "Clear of none")
			},
		},
		{
			name: "refund takes one attempt back",
			says: "Refund takes one attempt back from a subject's count, which never goes below" +
				" zero.",
			prove: func(p *probe) {
				a := subject("a")
				p.ok(p.LoginAttempts.Refund(p.ctx, a.Key), "Refund of none")
				for range 10 {
					p.wantWait(0, attemptsStart, a)
					p.ok(p.LoginAttempts.Refund(p.ctx, a.Key), "Refund")
					p.ok(p.LoginAttempts.Refund(p.ctx, a.Key), "Refund of none")
				}
				p.wantWait(0, attemptsStart, a)
				p.wantWait(0, attemptsStart, a)
				p.wantWait(time.Second, attemptsStart, a)
			},
		},
		{
			name: "forgotten attempts don't count",
			says: "Begin counts an attempt for each subject, as [identity.AttemptState.Add] does.",
			prove: func(p *probe) {
				a := subject("a")
				p.wantWait(0, attemptsStart, a)
				for i := range 40 {
					p.wantWait(0, attemptsStart.Add(time.Hour),
						subject("other "+string(rune('A'+i))))
				}
				p.wantWait(0, attemptsStart.Add(time.Hour), a)
				p.wantWait(0, attemptsStart.Add(time.Hour), a)
				p.wantWait(time.Second, attemptsStart.Add(time.Hour), a)
			},
		},
	}
}

var attemptsStart = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// subject has two attempts for nothing.
func subject(name string) ports.Subject {
	return ports.Subject{
		Key: sha256.Sum256([]byte(name)),
		Backoff: identity.Backoff{Free: 2, Initial: time.Second, Max: 4 * time.Second,
			Reset: time.Hour},
	}
}

func (p *probe) wantWait(want time.Duration, now time.Time, subjects ...ports.Subject) {
	wait, err := p.LoginAttempts.Begin(p.ctx, now, subjects...)
	p.ok(err, "LoginAttempts.Begin")
	p.equal(wait, want, "the wait of an attempt")
}
