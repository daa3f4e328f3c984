// Package retry tells refused callers when to try again.
package retry

import (
	"math"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// In returns an error whose message and whose member retry_after give the wait in seconds, rounded
// up and at least 1.
func In(code tenancy.Code, wait time.Duration, message string) *tenancy.Error {
	seconds := max(1, int64(math.Ceil(wait.Seconds())))
	err := tenancy.Errorf(code, "%s: retry in %d s", message, seconds)
	err.Members = map[string]any{"retry_after": seconds}
	return err
}
