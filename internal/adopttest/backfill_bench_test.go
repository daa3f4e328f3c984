package adopttest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

const (
	benchRows    = 300_000
	benchWriters = 4
)

// BenchmarkBackfill measures in one run on one database how many rows a second the backfill
// fills in a tenant_id that existed with NULL, and how many statements concurrent writers
// complete meanwhile, compared with the same writers just before and just after it.
//
//	go test ./internal/adopttest -run '^$' -bench Backfill -benchtime 1x
func BenchmarkBackfill(b *testing.B) {
	for b.Loop() {
		url := database(b)
		db := open(b, url)
		exec(b, db, `ALTER TABLE "Shop"."Customers" DISABLE TRIGGER USER`)
		_, err := db.NewRaw(`INSERT INTO "Shop"."Customers" ("eMail", code)
			SELECT 'more' || i || '@example.com', 'more' || i FROM generate_series(1, ?) i`,
			benchRows).Exec(b.Context())
		require.NoError(b, err)
		exec(b, db, `ALTER TABLE "Shop"."Customers" ENABLE TRIGGER USER`, "ANALYZE", "CHECKPOINT")

		w := startWriters(b, url)
		time.Sleep(4 * time.Second)
		var begin, end time.Time
		rows := int64(0)
		err = postgres.MigrateUp(b.Context(), options(url, false),
			adoption.Options{OnEvent: func(e adoption.Event) error {
				if e.Kind == "batch" && rows == 0 {
					begin = time.Now()
				}
				if e.Kind == "batch" {
					rows += e.Rows
					end = time.Now()
				}
				return nil
			}})
		require.NoError(b, err)
		time.Sleep(4 * time.Second)
		done := w.end()
		during := rate(done, begin, end)
		calm := (rate(done, begin.Add(-3*time.Second), begin.Add(-500*time.Millisecond)) +
			rate(done, time.Now().Add(-3*time.Second), time.Now().Add(-500*time.Millisecond))) / 2
		b.ReportMetric(float64(rows)/end.Sub(begin).Seconds(), "rows/s")
		b.ReportMetric(during, "writes-during/s")
		b.ReportMetric(calm, "writes-calm/s")
		b.ReportMetric(during/calm, "writers-ratio")
		b.ReportMetric(0, "ns/op")
	}
}

// rate returns how many statements a second ended between two times.
func rate(done []time.Time, from, to time.Time) float64 {
	n := 0
	for _, at := range done {
		if at.After(from) && at.Before(to) {
			n++
		}
	}
	return float64(n) / to.Sub(from).Seconds()
}

// writers update single rows as fast as they can.
type writers struct {
	stop  context.CancelFunc
	group sync.WaitGroup
	mu    sync.Mutex
	done  []time.Time
	errs  []error
	b     *testing.B
}

func startWriters(b *testing.B, url string) *writers {
	ctx, stop := context.WithCancel(b.Context())
	w := &writers{stop: stop, b: b}
	for i := range benchWriters {
		db := open(b, url)
		w.group.Go(func() {
			var done []time.Time
			var err error
			for n := i; ctx.Err() == nil && err == nil; n += 7919 {
				_, err = db.NewRaw(`UPDATE "Shop"."Customers" SET code = 'w' || ? WHERE id = ?`, n,
					n%benchRows+600).Exec(context.WithoutCancel(ctx))
				done = append(done, time.Now())
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.done = append(w.done, done...)
			if err != nil {
				w.errs = append(w.errs, err)
			}
		})
	}
	return w
}

// end stops the writers and returns when each statement ended.
func (w *writers) end() []time.Time {
	w.stop()
	w.group.Wait()
	require.Empty(w.b, w.errs)
	slices.SortFunc(w.done, time.Time.Compare)
	return w.done
}
