package httpapi

import (
	"math"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxBuckets limits the memory of [limits]: the number of tenants with a bucket. A
// tenant whose bucket was evicted starts again with a full one.
const maxBuckets = 10_000

// limits has a token bucket for each tenant with a request quota. The quota applies to
// this instance. A tenant without a quota is never looked up.
type limits struct {
	buckets *otter.Cache[tenancy.ID, *rate.Limiter]
	now     func() time.Time
}

// newLimits returns empty buckets. now is the clock of the token buckets.
func newLimits(now func() time.Time) *limits {
	return &limits{buckets: otter.Must(&otter.Options[tenancy.ID, *rate.Limiter]{
		MaximumSize: maxBuckets}), now: now}
}

// allow takes one token of the tenant's bucket, or returns how long to wait for the next
// one.
func (l *limits) allow(t tenancy.Tenant) (wait time.Duration, ok bool) {
	perSecond := t.Quotas.RequestsPerSecond
	if perSecond <= 0 {
		return 0, true
	}
	bucket, _ := l.buckets.ComputeIfAbsent(t.ID, func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(perSecond), burst(perSecond)), false
	})
	now := l.now()
	if bucket.Limit() != rate.Limit(perSecond) { // the quota was changed
		bucket.SetLimitAt(now, rate.Limit(perSecond))
		bucket.SetBurstAt(now, burst(perSecond))
	}
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - bucket.TokensAt(now)
	return time.Duration(missing / perSecond * float64(time.Second)), false
}

// burst returns how many requests are allowed at once: those of one second, at least 1.
func burst(perSecond float64) int { return max(1, int(math.Ceil(perSecond))) }

// limitRate refuses a request above the quota of its tenant. It doesn't count requests
// of super-admins: they set the quota and must be able to change it.
func (a *api) limitRate(p tenancy.Principal, t tenancy.Tenant) error {
	if p.SuperAdmin {
		return nil
	}
	wait, ok := a.limits.allow(t)
	if ok {
		return nil
	}
	return tenancy.RetryIn(tenancy.CodeTooManyRequests, wait, "the tenant's request quota is used up")
}
