package portstest_test

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type notifyFunc = func(ports.ChangeNotification)

// wrapsNotify changes how notifications are delivered.
type wrapsNotify struct {
	ports.ChangeNotifier
	wrap func(notify notifyFunc) notifyFunc
}

func (b wrapsNotify) Subscribe(notify func(ports.ChangeNotification)) func() {
	return b.ChangeNotifier.Subscribe(b.wrap(notify))
}

// dropsKind drops the notifications of one kind.
func dropsKind(kind ports.ChangeKind) func(*ports.Services) {
	return func(s *ports.Services) {
		s.ChangeNotifier = wrapsNotify{s.ChangeNotifier, func(notify notifyFunc) notifyFunc {
			return func(n ports.ChangeNotification) {
				if n.Kind != kind {
					notify(n)
				}
			}
		}}
	}
}

// overlapsCalls makes two calls at the same time.
func overlapsCalls(s *ports.Services) {
	s.ChangeNotifier = wrapsNotify{s.ChangeNotifier, func(notify notifyFunc) notifyFunc {
		return func(n ports.ChangeNotification) {
			go notify(n)
			go notify(n)
			time.Sleep(50 * time.Microsecond)
		}
	}}
}

// delaysCalls notifies two seconds late, after Flush has returned.
func delaysCalls(s *ports.Services) {
	s.ChangeNotifier = wrapsNotify{s.ChangeNotifier, func(notify notifyFunc) notifyFunc {
		return func(n ports.ChangeNotification) {
			time.AfterFunc(2*time.Second, func() { notify(n) })
		}
	}}
}

// ignoresStop goes on notifying after stop.
type ignoresStop struct{ ports.ChangeNotifier }

func (b ignoresStop) Subscribe(notify func(ports.ChangeNotification)) func() {
	b.ChangeNotifier.Subscribe(notify)
	return func() {}
}

// notifiesKeys also notifies the creation and the use of keys.
type notifiesKeys struct {
	ports.Keys
	ports.KeyFinder
	ports.ChangeNotifier
	notify notifyFunc
}

func (b *notifiesKeys) Subscribe(notify func(ports.ChangeNotification)) func() {
	b.notify = notify
	return b.ChangeNotifier.Subscribe(notify)
}

func (b *notifiesKeys) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	made, err := b.Keys.Create(ctx, tenant, k)
	b.notifyKey(made)
	return made, err
}

func (b *notifiesKeys) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	found, err := b.KeyFinder.Find(ctx, hash)
	b.notifyKey(found)
	return found, err
}

func (b *notifiesKeys) notifyKey(k tenancy.APIKey) {
	if id, err := tenancy.ParseID(k.ID); err == nil && b.notify != nil {
		b.notify(ports.ChangeNotification{Kind: ports.KeyChanged, ID: id})
	}
}

func notifiesNewKeys(s *ports.Services) {
	b := &notifiesKeys{Keys: s.Keys, KeyFinder: s.KeyFinder, ChangeNotifier: s.ChangeNotifier}
	s.Keys, s.ChangeNotifier = b, b
}

func notifiesUsedKeys(s *ports.Services) {
	b := &notifiesKeys{Keys: s.Keys, KeyFinder: s.KeyFinder, ChangeNotifier: s.ChangeNotifier}
	s.KeyFinder, s.ChangeNotifier = b, b
}
