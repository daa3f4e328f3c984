package fairqueue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/fairqueue"
)

func queue(slots, perKey int) *fairqueue.Queue[string] {
	return fairqueue.New[string](fairqueue.Limits{Slots: slots, PerKey: perKey, MaxWaiting: 50,
		MaxWait: time.Hour})
}

// enter takes a free slot.
func enter(t *testing.T, q *fairqueue.Queue[string], key string) (leave func()) {
	t.Helper()
	leave, err := q.Enter(t.Context(), key)
	require.NoError(t, err)
	return leave
}

// wait starts a caller that waits for a slot, and returns when it waits.
func wait(t *testing.T, q *fairqueue.Queue[string], key string, entered func(leave func())) {
	t.Helper()
	before := q.Waiting()
	go func() { // ends when the test has let it enter
		leave, err := q.Enter(context.Background(), key)
		if assert.NoError(t, err) {
			entered(leave)
		}
	}()
	require.Eventually(t, func() bool { return q.Waiting() > before }, time.Minute,
		time.Millisecond)
}

func TestKeyHasAtMostItsShareOfTheSlots(t *testing.T) {
	t.Parallel()
	q := queue(4, 2)
	first := enter(t, q, "acme")
	enter(t, q, "acme")
	entered := make(chan func(), 1)
	wait(t, q, "acme", func(leave func()) { entered <- leave })
	enter(t, q, "beta")
	enter(t, q, "gamma")
	select {
	case <-entered:
		t.Fatal("a third caller of the key works")
	default:
	}
	first()
	(<-entered)()
}

func TestWaitingKeysTakeTurns(t *testing.T) {
	t.Parallel()
	q := queue(1, 1)
	leave := enter(t, q, "acme")
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	for _, key := range []string{"acme", "acme", "acme", "beta", "gamma", "beta"} {
		all.Add(1)
		wait(t, q, key, func(leave func()) {
			mu.Lock()
			order = append(order, key)
			mu.Unlock()
			leave()
			all.Done()
		})
	}
	leave()
	all.Wait()
	assert.Equal(t, []string{"acme", "beta", "gamma", "acme", "beta", "acme"}, order)
}

func TestCallerThatGivesUpIsRefusedAndLeavesItsPlace(t *testing.T) {
	t.Parallel()
	q := queue(1, 1)
	leave := enter(t, q, "acme")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := q.Enter(ctx, "beta")
	var e *tenancy.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, tenancy.CodeUnavailable, e.Code)
	assert.Positive(t, e.Members["retry_after"])
	assert.Zero(t, q.Waiting())
	leave()
	enter(t, q, "gamma")()
}

func TestTooManyWaitingCallersOfOneKeyAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	q := fairqueue.New[string](fairqueue.Limits{Slots: 1, PerKey: 1, MaxWaiting: 1,
		MaxWait: time.Hour})
	leave := enter(t, q, "acme")
	done := make(chan struct{}, 2)
	wait(t, q, "acme", func(leave func()) { leave(); done <- struct{}{} })
	_, err := q.Enter(t.Context(), "acme")
	assert.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
	wait(t, q, "beta", func(leave func()) { leave(); done <- struct{}{} })
	leave()
	<-done
	<-done
}
