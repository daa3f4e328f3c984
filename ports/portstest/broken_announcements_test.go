package portstest_test

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// hearing changes what is heard.
type hearing struct {
	ports.Announcements
	wrap func(heard func(ports.Announcement)) func(ports.Announcement)
}

func (b hearing) Subscribe(heard func(ports.Announcement)) func() {
	return b.Announcements.Subscribe(b.wrap(heard))
}

// deafTo passes over a kind.
func deafTo(kind ports.AnnouncementKind) func(*ports.Services) {
	return func(s *ports.Services) {
		s.Announcements = hearing{s.Announcements, func(heard func(ports.Announcement)) func(ports.Announcement) {
			return func(a ports.Announcement) {
				if a.Kind != kind {
					heard(a)
				}
			}
		}}
	}
}

// atOnce calls for each change by itself.
func atOnce(s *ports.Services) {
	s.Announcements = hearing{s.Announcements, func(heard func(ports.Announcement)) func(ports.Announcement) {
		return func(a ports.Announcement) {
			go heard(a)
			go heard(a)
			time.Sleep(50 * time.Microsecond)
		}
	}}
}

// late hears when it is too late, and settles before.
func late(s *ports.Services) {
	s.Announcements = hearing{s.Announcements, func(heard func(ports.Announcement)) func(ports.Announcement) {
		return func(a ports.Announcement) { time.AfterFunc(2*time.Second, func() { heard(a) }) }
	}}
}

// endless goes on after stop.
type endless struct{ ports.Announcements }

func (b endless) Subscribe(heard func(ports.Announcement)) func() {
	b.Announcements.Subscribe(heard)
	return func() {}
}

// talkative announces new keys and used ones.
type talkative struct {
	ports.Keys
	ports.KeyFinder
	ports.Announcements
	tell func(ports.Announcement)
}

func (b *talkative) Subscribe(heard func(ports.Announcement)) func() {
	b.tell = heard
	return b.Announcements.Subscribe(heard)
}

func (b *talkative) Create(ctx context.Context, tenant tenancy.ID, k tenancy.APIKey) (tenancy.APIKey, error) {
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
		b.tell(ports.Announcement{Kind: ports.KeyChanged, ID: id})
	}
}

func talkativeKeys(s *ports.Services) {
	b := &talkative{Keys: s.Keys, KeyFinder: s.KeyFinder, Announcements: s.Announcements}
	s.Keys, s.Announcements = b, b
}

func talkativeFinder(s *ports.Services) {
	b := &talkative{Keys: s.Keys, KeyFinder: s.KeyFinder, Announcements: s.Announcements}
	s.KeyFinder, s.Announcements = b, b
}
