package identity_test

import (
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

var backoff = identity.Backoff{Free: 3, Initial: time.Second, Max: time.Minute, Reset: time.Hour}

func TestBackoffDoublesUpToMax(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]time.Duration{
		0: 0, 2: 0, 3: time.Second, 4: 2 * time.Second, 8: 32 * time.Second, 9: time.Minute,
		10: time.Minute, 1 << 40: time.Minute,
	} {
		if got := backoff.After(count); got != want {
			t.Errorf("after %d attempts the next one waits %v, want %v", count, got, want)
		}
	}
}

func TestRefusedAttemptDoesNotProlongTheWait(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var state identity.AttemptState
	for range 3 {
		next, wait := state.Add(backoff, now)
		if wait != 0 {
			t.Fatalf("a free attempt waits %v", wait)
		}
		state = next
	}
	for range 100 {
		next, wait := state.Add(backoff, now)
		if wait != time.Second || next != state {
			t.Fatalf("a refused attempt waits %v and changes %+v to %+v", wait, state, next)
		}
	}
	if _, wait := state.Add(backoff, now.Add(time.Second)); wait != 0 {
		t.Errorf("after the wait an attempt waits %v", wait)
	}
	if next, wait := state.Add(backoff, now.Add(time.Hour)); wait != 0 || next.Count != 1 {
		t.Errorf("after Reset an attempt waits %v and is number %d", wait, next.Count)
	}
}

// The clocks of several instances differ, and attempts that wait for a lock are
// counted out of order.
func TestFreeAttemptDoesNotWaitForALaterOne(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var state identity.AttemptState
	for i := range backoff.Free {
		next, wait := state.Add(backoff, now.Add(-time.Duration(i)*time.Second))
		if wait != 0 || next.Count != i+1 {
			t.Fatalf("free attempt %d waits %v and is number %d", i+1, wait, next.Count)
		}
		state = next
	}
	if _, wait := state.Add(backoff, now.Add(-time.Minute)); wait == 0 {
		t.Error("an attempt after the free ones doesn't wait")
	}
}
