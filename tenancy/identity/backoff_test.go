package identity_test

import (
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

var slow = identity.Backoff{Free: 3, Initial: time.Second, Max: time.Minute, Reset: time.Hour}

func TestTheWaitDoublesUpToTheLongest(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]time.Duration{
		0: 0, 2: 0, 3: time.Second, 4: 2 * time.Second, 8: 32 * time.Second, 9: time.Minute,
		10: time.Minute, 1 << 40: time.Minute,
	} {
		if got := slow.After(count); got != want {
			t.Errorf("after %d attempts the next waits %v, want %v", count, got, want)
		}
	}
}

func TestARefusedAttemptKeepsNobodyOutLonger(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var tally identity.AttemptState
	for range 3 {
		next, wait := tally.Add(slow, now)
		if wait != 0 {
			t.Fatalf("a free attempt waits %v", wait)
		}
		tally = next
	}
	for range 100 {
		next, wait := tally.Add(slow, now)
		if wait != time.Second || next != tally {
			t.Fatalf("a refused attempt waits %v and makes %+v of %+v", wait, next, tally)
		}
	}
	if _, wait := tally.Add(slow, now.Add(time.Second)); wait != 0 {
		t.Errorf("after the wait an attempt waits %v", wait)
	}
	if next, wait := tally.Add(slow, now.Add(time.Hour)); wait != 0 || next.Count != 1 {
		t.Errorf("after an hour without any, an attempt waits %v and is the %dth", wait, next.Count)
	}
}

// Clocks of several instances, and attempts that wait for one another, are never
// quite in order.
func TestAFreeAttemptDoesntWaitForOneThatIsLater(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var tally identity.AttemptState
	for i := range slow.Free {
		next, wait := tally.Add(slow, now.Add(-time.Duration(i)*time.Second))
		if wait != 0 || next.Count != i+1 {
			t.Fatalf("free attempt %d waits %v and is the %dth", i+1, wait, next.Count)
		}
		tally = next
	}
	if _, wait := tally.Add(slow, now.Add(-time.Minute)); wait == 0 {
		t.Error("one that isn't free doesn't wait")
	}
}
