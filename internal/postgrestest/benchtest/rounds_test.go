package benchtest

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// turn is how long each way is measured in a round.
const turn = 250 * time.Millisecond

// rounds are the measured values, by way and round.
type rounds map[string][]float64

// takeTurns measures the throughput of each way, for as many rounds as b asks for. Each round
// measures every way, in random order, since a machine's speed drifts. Several clients call at the
// same time, since a single one mostly measures how fast an idle machine wakes up.
func takeTurns(b *testing.B, clients int, names []string, ways map[string]func() error) rounds {
	b.Helper()
	names = slices.Clone(names)
	all := rounds{}
	for _, name := range names { // warm-up: every client gets its connection
		if _, err := throughput(clients, turn/5, ways[name]); err != nil {
			b.Fatal(name, err)
		}
	}
	for b.Loop() {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			rate, err := throughput(clients, turn, ways[name])
			if err != nil {
				b.Fatal(name, err)
			}
			all[name] = append(all[name], rate)
		}
	}
	b.ReportMetric(0, "ns/op")
	return all
}

// rate is the median of a way's values: throughputs are in calls per second.
func (r rounds) rate(way string) float64 { return median(slices.Clone(r[way])) }

// ratio is the median of way's value divided by other's in the same round.
func (r rounds) ratio(way, other string) float64 {
	ratios := make([]float64, len(r[way]))
	for i := range ratios {
		ratios[i] = r[way][i] / r[other][i]
	}
	return median(ratios)
}

// throughput calls way from all clients for a duration, and returns the calls per second of all
// clients together.
func throughput(clients int, duration time.Duration, way func() error) (float64, error) {
	var group sync.WaitGroup
	var done atomic.Int64
	errs := make([]error, clients)
	begin := time.Now()
	for i := range errs {
		group.Go(func() {
			for errs[i] == nil && time.Since(begin) < duration {
				errs[i] = way()
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), errors.Join(errs...)
}

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}
