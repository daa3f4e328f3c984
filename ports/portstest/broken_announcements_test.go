package portstest_test

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// hearing changes what is heard.
type hearing struct {
	ports.ChangeNotifier
	wrap func(heard func(ports.ChangeNotification)) func(ports.ChangeNotification)
}

func (b hearing) Subscribe(heard func(ports.ChangeNotification)) func() {
	return b.ChangeNotifier.Subscribe(b.wrap(heard))
}

// deafTo passes over a kind.
func deafTo(kind ports.ChangeKind) func(*ports.Services) {
	return func(s *ports.Services) {
		s.ChangeNotifier = hearing{s.ChangeNotifier,
			func(heard func(ports.ChangeNotification)) func(ports.ChangeNotification) {
				return func(a ports.ChangeNotification) {
					if a.Kind != kind {
						heard(a)
					}
				}
			}}
	}
}

// atOnce calls for each change by itself.
func atOnce(s *ports.Services) {
	s.ChangeNotifier = hearing{s.ChangeNotifier,
		func(heard func(ports.ChangeNotification)) func(ports.ChangeNotification) {
			return func(a ports.ChangeNotification) {
				go heard(a)
				go heard(a)
				time.Sleep(50 * time.Microsecond)
			}
		}}
}

// late hears when it is too late, and settles before.
func late(s *ports.Services) {
	s.ChangeNotifier = hearing{s.ChangeNotifier,
		func(heard func(ports.ChangeNotification)) func(ports.ChangeNotification) {
			return func(a ports.ChangeNotification) {
				time.AfterFunc(2*time.Second, func() { heard(a) })
			}
		}}
}

// endless goes on after stop.
type endless struct{ ports.ChangeNotifier }

func (b endless) Subscribe(heard func(ports.ChangeNotification)) func() {
	b.ChangeNotifier.Subscribe(heard)
	return func() {}
}

// talkative announces new keys and used ones.
type talkative struct {
	ports.Keys
	ports.KeyFinder
	ports.ChangeNotifier
	tell func(ports.ChangeNotification)
}

func (b *talkative) Subscribe(heard func(ports.ChangeNotification)) func() {
	b.tell = heard
	return b.ChangeNotifier.Subscribe(heard)
}

func (b *talkative) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	made, err := b.Keys.Create(ctx, tenant, k)
	b.say(made)
	return made, err
}

func (b *talkative) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	found, err := b.KeyFinder.Find(ctx, hash)
	b.say(found)
	return found, err
}

func (b *talkative) say(k tenancy.APIKey) {
	if id, err := tenancy.ParseID(k.ID); err == nil && b.tell != nil {
		b.tell(ports.ChangeNotification{Kind: ports.KeyChanged, ID: id})
	}
}

func talkativeKeys(s *ports.Services) {
	b := &talkative{Keys: s.Keys, KeyFinder: s.KeyFinder, ChangeNotifier: s.ChangeNotifier}
	s.Keys, s.ChangeNotifier = b, b
}

func talkativeFinder(s *ports.Services) {
	b := &talkative{Keys: s.Keys, KeyFinder: s.KeyFinder, ChangeNotifier: s.ChangeNotifier}
	s.KeyFinder, s.ChangeNotifier = b, b
}
