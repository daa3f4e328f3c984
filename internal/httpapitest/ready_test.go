package httpapitest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

// readinessProbe sends requests for /readyz to a handler whose Options.Ready returns
// state.
type readinessProbe struct {
	handler http.Handler
	state   error
	calls   atomic.Int32
}

func newReadinessProbe(t *testing.T, change apitest.Option) *readinessProbe {
	t.Helper()
	p := &readinessProbe{}
	p.handler = apitest.NewUnserved(t, func(o *httpapi.Options) {
		o.Ready = func(context.Context) error { p.calls.Add(1); return p.state }
		change(o)
	}).Handler
	return p
}

func (p *readinessProbe) status(ctx context.Context) int {
	rec := httptest.NewRecorder()
	p.handler.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil))
	return rec.Code
}

func TestReadinessIsCachedForOneSecond(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newReadinessProbe(t,
		func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	require.Equal(t, http.StatusOK, p.status(t.Context()))
	p.state = errors.New("a policy is missing")
	now = now.Add(time.Second - 1)
	require.Equal(t, http.StatusOK, p.status(t.Context()))
	require.EqualValues(t, 1, p.calls.Load())
	now = now.Add(1)
	require.Equal(t, http.StatusServiceUnavailable, p.status(t.Context()))
}

// The age of a result counts from the start of the check, not from its end.
func TestReadinessAgeCountsFromTheStartOfTheCheck(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newReadinessProbe(t, func(o *httpapi.Options) {
		check := o.Ready
		o.Clock = func() time.Time { return now }
		o.Ready = func(ctx context.Context) error { now = now.Add(time.Second); return check(ctx) }
	})
	for calls := range 3 {
		require.EqualValues(t, calls, p.calls.Load())
		require.Equal(t, http.StatusOK, p.status(t.Context()))
	}
}

func TestFailedReadinessIsNotCached(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newReadinessProbe(t,
		func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	p.state = errors.New("the database is unreachable")
	for range 2 {
		require.Equal(t, http.StatusServiceUnavailable, p.status(t.Context()))
	}
	p.state = nil
	require.Equal(t, http.StatusOK, p.status(t.Context()))
	require.EqualValues(t, 3, p.calls.Load())
}

func TestConcurrentProbesShareOneReadinessCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		p := newReadinessProbe(t, func(o *httpapi.Options) {
			check := o.Ready
			o.Ready = func(ctx context.Context) error {
				defer func() { <-proceed }()
				return check(ctx)
			}
		})
		statuses := make(chan int, 100)
		for range cap(statuses) {
			go func() { statuses <- p.status(t.Context()) }()
		}
		synctest.Wait()
		require.EqualValues(t, 1, p.calls.Load())
		require.Empty(t, statuses)

		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, http.StatusServiceUnavailable, p.status(canceled),
			"a canceled request doesn't wait")

		close(proceed)
		for range cap(statuses) {
			require.Equal(t, http.StatusOK, <-statuses)
		}
		require.EqualValues(t, 1, p.calls.Load())
	})
}
