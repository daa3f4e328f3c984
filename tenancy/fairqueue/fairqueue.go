// Package fairqueue lets a few callers work at once while the others wait. The callers have
// keys, such as their tenants: no key has more than its share of the slots, and keys that wait
// take turns, so that one key with many callers doesn't delay the others.
package fairqueue

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Limits configure a [Queue]. All fields must be positive.
type Limits struct {
	Slots      int           // callers that work at once
	PerKey     int           // of them, those with the same key
	MaxWaiting int           // waiting callers of one key; more are refused at once
	MaxWait    time.Duration // the longest time that a caller waits for a slot
}

// Queue is made by [New] and safe for concurrent use. Its memory is bounded by the callers that
// wait in it.
type Queue[K comparable] struct {
	limits Limits

	mu      sync.Mutex
	free    int
	running map[K]int
	waiting map[K][]chan struct{} // the callers of a key, in the order of their arrival
	turns   []K                   // the keys of waiting, the next one first
}

// New returns a queue with all slots free.
func New[K comparable](l Limits) *Queue[K] {
	return &Queue[K]{limits: l, free: l.Slots, running: map[K]int{},
		waiting: map[K][]chan struct{}{}}
}

// retryAfter is when a refused caller should try again.
const retryAfter = 5 * time.Second

// Enter waits for a slot and returns the function that leaves it, which must be called once.
// The error's code is [tenancy.CodeUnavailable], with the member retry_after, if no slot became
// free in time: until ctx ends or the longest wait is over.
func (q *Queue[K]) Enter(ctx context.Context, key K) (leave func(), err error) {
	turn, ok := q.join(key)
	if !ok {
		return nil, errBusy()
	}
	ctx, cancel := context.WithTimeout(ctx, q.limits.MaxWait)
	defer cancel()
	select {
	case <-turn:
	case <-ctx.Done():
		if q.giveUp(key, turn) {
			return nil, errBusy().Because(ctx.Err())
		}
	}
	return func() { q.leave(key) }, nil
}

func errBusy() *tenancy.Error {
	return tenancy.RetryIn(tenancy.CodeUnavailable, retryAfter, "too much work of this kind at once")
}

// join adds a caller. turn is closed when the caller has a slot. ok is false if too many
// callers of the key wait already.
func (q *Queue[K]) join(key K) (turn chan struct{}, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting[key]) >= q.limits.MaxWaiting {
		return nil, false
	}
	turn = make(chan struct{})
	if len(q.waiting[key]) == 0 {
		q.turns = append(q.turns, key)
	}
	q.waiting[key] = append(q.waiting[key], turn)
	q.fill()
	return turn, true
}

// giveUp removes a caller that waits. It reports false if the caller has a slot already.
func (q *Queue[K]) giveUp(key K, turn chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting[key], turn)
	if i < 0 {
		return false
	}
	q.waiting[key] = slices.Delete(q.waiting[key], i, i+1)
	if len(q.waiting[key]) == 0 {
		delete(q.waiting, key)
		i := slices.Index(q.turns, key)
		q.turns = slices.Delete(q.turns, i, i+1)
	}
	return true
}

func (q *Queue[K]) leave(key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	if q.running[key]--; q.running[key] == 0 {
		delete(q.running, key)
	}
	q.fill()
}

// fill gives the free slots to the waiting keys in turn. A key that has its share keeps its
// place.
func (q *Queue[K]) fill() {
	for i := 0; q.free > 0 && i < len(q.turns); {
		key := q.turns[i]
		if q.running[key] >= q.limits.PerKey {
			i++
			continue
		}
		close(q.waiting[key][0])
		q.waiting[key] = q.waiting[key][1:]
		q.free--
		q.running[key]++
		q.turns = slices.Delete(q.turns, i, i+1)
		if len(q.waiting[key]) > 0 {
			q.turns = append(q.turns, key)
		} else {
			delete(q.waiting, key)
		}
	}
}
