package benchtest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkRecordedWrites measures what the triggers that record a host's writes cost: writes to
// a database that has them, divided by the same writes to one without. put and import are the
// library's own, which the triggers only look at; host is an UPDATE of one row, which they
// record. The calls alternate; a ratio is one of median durations: 1 means no cost.
//
//	go test -run '^$' -bench RecordedWrites/put -benchtime 500x ./internal/postgrestest/benchtest
//	go test -run '^$' -bench RecordedWrites/host -benchtime 500x ./internal/postgrestest/benchtest
//	go test -run '^$' -bench RecordedWrites/import -benchtime 15x ./internal/postgrestest/benchtest
func BenchmarkRecordedWrites(b *testing.B) {
	const items = 10_000
	with, without := newAuditBench(b), newAuditBench(b)
	super := fixture.Superuser(b, without.url)
	for _, table := range []string{"makers", "parts", "widgets", "settings"} {
		for _, event := range []string{"insert", "update", "delete"} {
			fixture.Exec(b, super, "DROP TRIGGER IF EXISTS bailiwick_audit_"+event+" ON "+table)
		}
	}
	for _, one := range []struct {
		name          string
		with, without func() error
	}{
		{"put", with.put, without.put}, {"host", with.update, without.update},
		{"import", func() error { return with.importAll(items) },
			func() error { return without.importAll(items) }},
	} {
		b.Run(one.name, func(b *testing.B) {
			durations := rounds{}
			for b.Loop() {
				for name, write := range map[string]func() error{"with": one.with, "without": one.without} {
					begin := time.Now()
					require.NoError(b, write())
					durations[name] = append(durations[name], time.Since(begin).Seconds())
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(1000*durations.rate("with"), "with-ms")
			b.ReportMetric(durations.rate("with")/durations.rate("without"), "ratio")
		})
	}
}

type auditBench struct {
	url   string
	ctx   context.Context
	db    *postgres.DB
	count *atomic.Int64
}

const auditBenchWidgets = 200

func newAuditBench(b *testing.B) auditBench {
	b.Helper()
	w := auditBench{url: fixture.MigratedURL(b, true), count: &atomic.Int64{},
		ctx: tenancy.NewContext(b.Context(), tenancy.DefaultID)}
	w.db = fixture.Open(b, fixture.Options(w.url, true))
	for n := range auditBenchWidgets {
		fixture.PutWidget(b, w.db, tenancy.DefaultID, fmt.Sprintf("w%d", n), "")
	}
	return w
}

// put changes a random widget.
func (w auditBench) put() error {
	item := federation.Item{
		Ref:  federation.Ref{Kind: "widget", Name: fmt.Sprintf("w%d", rand.N(auditBenchWidgets))},
		Spec: fmt.Appendf(nil, `{"description":"%d"}`, w.count.Add(1))}
	_, _, err := w.db.Services().Resources.Put(w.ctx, tenancy.DefaultID, item, ports.Condition{})
	return err
}

// update does the same with a statement of the host.
func (w auditBench) update() error {
	_, err := w.db.Scoped(w.ctx).NewRaw("UPDATE widgets SET description = ? WHERE name = ?",
		fmt.Sprint(w.count.Add(1)), fmt.Sprintf("w%d", rand.N(auditBenchWidgets))).Exec(w.ctx)
	return err
}

// importAll imports parts. The first call inserts them, each other one changes all.
func (w auditBench) importAll(n int) error {
	weight := w.count.Add(1)
	var items iter.Seq2[federation.Item, error] = func(yield func(federation.Item, error) bool) {
		for i := range n {
			item := federation.Item{Ref: federation.Ref{Kind: "part", Name: fmt.Sprintf("p%d", i)},
				Spec: fmt.Appendf(nil, `{"description":"","weight":%d}`, weight), Version: 1}
			if !yield(item.Seal()) {
				return
			}
		}
	}
	return w.db.Services().Transfers.Import(w.ctx, tenancy.DefaultID, func(im ports.Import) error {
		if err := im.Stage(w.ctx, federation.Source{}, items); err != nil {
			return err
		}
		return fixture.ApplyAll(w.ctx, im)
	})
}
