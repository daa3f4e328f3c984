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

// readinessProbe asks /readyz of a program whose state it sets.
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
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil))
	return answer.Code
}

func TestReadinessIsCachedForOneSecond(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newReadinessProbe(t,
		func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	require.Equal(t, http.StatusOK, p.status(t.Context()))
	p.state = errors.New("a wall fell")
	now = now.Add(time.Second - 1)
	require.Equal(t, http.StatusOK, p.status(t.Context()))
	require.EqualValues(t, 1, p.calls.Load())
	now = now.Add(1)
	require.Equal(t, http.StatusServiceUnavailable, p.status(t.Context()))
}

// The age counts from when it was asked, not from when the answer came.
func TestReadinessAgeCountsFromTheStartOfTheCheck(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newReadinessProbe(t, func(o *httpapi.Options) {
		ask := o.Ready
		o.Clock = func() time.Time { return now }
		o.Ready = func(ctx context.Context) error { now = now.Add(time.Second); return ask(ctx) }
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
	p.state = errors.New("the database is away")
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
		answer := make(chan struct{})
		p := newReadinessProbe(t, func(o *httpapi.Options) {
			ask := o.Ready
			o.Ready = func(ctx context.Context) error {
				defer func() { <-answer }()
				return ask(ctx)
			}
		})
		statuses := make(chan int, 100)
		for range cap(statuses) {
			go func() { statuses <- p.status(t.Context()) }()
		}
		synctest.Wait()
		require.EqualValues(t, 1, p.calls.Load())
		require.Empty(t, statuses)

		gone, leave := context.WithCancel(t.Context())
		leave()
		require.Equal(t, http.StatusServiceUnavailable, p.status(gone), "who leaves doesn't wait")

		close(answer)
		for range cap(statuses) {
			require.Equal(t, http.StatusOK, <-statuses)
		}
		require.EqualValues(t, 1, p.calls.Load())
	})
}
