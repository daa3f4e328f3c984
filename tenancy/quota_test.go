package tenancy_test

import (
	"math"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestInvalidQuotasAreRefused(t *testing.T) {
	t.Parallel()
	for path, q := range map[string]tenancy.Quotas{
		"/resources/a~1b~0c":   {Resources: map[string]int64{"a/b~c": -1}},
		"/requests_per_second": {RequestsPerSecond: -0.1},
	} {
		err := q.Check()
		WantCode(t, err, tenancy.CodeInvalid)
		if e, ok := err.(*tenancy.Error); !ok || len(e.Details) != 1 || e.Details[0].Path != path {
			t.Errorf("%+v: %v, not at %s", q, err, path)
		}
	}
	for _, n := range []float64{math.NaN(), math.Inf(1), math.Inf(-1),
		tenancy.MaxRequestsPerSecond + 1} {
		WantCode(t, tenancy.Quotas{RequestsPerSecond: n}.Check(), tenancy.CodeInvalid)
	}
	for _, q := range []tenancy.Quotas{{},
		{Resources: map[string]int64{"a": 0}, RequestsPerSecond: tenancy.MaxRequestsPerSecond}} {
		if err := q.Check(); err != nil {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestClonedQuotasShareNoMemory(t *testing.T) {
	t.Parallel()
	q := tenancy.Quotas{Resources: map[string]int64{"a": 1}}
	q.Clone().Resources["a"] = 2
	if q.Resources["a"] != 1 {
		t.Error("the clone shares its map")
	}
	if c := (tenancy.Quotas{Resources: map[string]int64{}}).Clone(); c.Resources != nil ||
		!c.IsZero() {
		t.Error("a clone of an empty map isn't nil")
	}
}
