package tenancy_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestErrorsAreComparedByCode(t *testing.T) {
	t.Parallel()
	mine := tenancy.Errorf(tenancy.CodeNotFound, "no agent %q", "bot")
	wraps := map[string]error{
		"itself":       mine,
		"wrapped":      fmt.Errorf("get: %w", mine),
		"twice":        fmt.Errorf("list: %w", fmt.Errorf("get: %w", mine)),
		"joined":       errors.Join(io.EOF, mine),
		"with a cause": mine.Because(io.ErrUnexpectedEOF),
		"as a cause":   fmt.Errorf("%w and %w", io.EOF, mine),
	}
	for name, err := range wraps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			WantCode(t, err, tenancy.CodeNotFound)
			if !errors.Is(err, tenancy.ErrNotFound) {
				t.Error("is not ErrNotFound")
			}
			if errors.Is(err, tenancy.ErrTenantNotFound) || errors.Is(err, tenancy.ErrForbidden) {
				t.Error("is an error of another code")
			}
		})
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	inner := tenancy.Errorf(tenancy.CodeNotFound, "inner")
	WantCode(t, nil, "")
	WantCode(t, io.EOF, tenancy.CodeInternal)
	WantCode(t, fmt.Errorf("a query: %w", io.EOF), tenancy.CodeInternal)
	WantCode(t, tenancy.Errorf(tenancy.CodeUnavailable, "outer").Because(inner),
		tenancy.CodeUnavailable)
}

func TestCauseIsOnlyInTheLogText(t *testing.T) {
	t.Parallel()
	plain := tenancy.Errorf(tenancy.CodeUnavailable, "try again in %d s", 2)
	caused := plain.Because(io.ErrUnexpectedEOF)
	if caused.Message != plain.Message || plain.Err != nil {
		t.Error("Because changed the message or its receiver")
	}
	if !errors.Is(caused, io.ErrUnexpectedEOF) {
		t.Error("errors.Is doesn't find the cause")
	}
	if got := plain.Error(); got != "unavailable: try again in 2 s" {
		t.Errorf("%q", got)
	}
	if got := caused.Error(); got != "unavailable: try again in 2 s: unexpected EOF" {
		t.Errorf("%q", got)
	}
}

func TestSentinelsHaveTheirCodesAndNoCause(t *testing.T) {
	t.Parallel()
	for code, err := range map[tenancy.Code]error{
		tenancy.CodeNoTenant:       tenancy.ErrNoTenant,
		tenancy.CodeTenantNotFound: tenancy.ErrTenantNotFound,
		tenancy.CodeNotFound:       tenancy.ErrNotFound,
		tenancy.CodeForbidden:      tenancy.ErrForbidden,
	} {
		WantCode(t, err, code)
		if strings.Contains(err.Error(), "%") || errors.Unwrap(err) != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestAtPathLocatesTheErrorInTheInput(t *testing.T) {
	t.Parallel()
	plain := tenancy.Errorf(tenancy.CodeInvalid, "invalid name")
	detailed := tenancy.Errorf(tenancy.CodeInvalid, "invalid quota")
	detailed.Details = []tenancy.Detail{{Path: "/a", Code: tenancy.CodeInvalid, Detail: "negative"}}
	for want, err := range map[string]error{
		"/name":     tenancy.AtPath("/name", plain),
		"/quotas/a": tenancy.AtPath("/quotas", detailed),
	} {
		located, ok := errors.AsType[*tenancy.Error](err)
		if !ok || len(located.Details) != 1 || located.Details[0].Path != want {
			t.Errorf("%+v has no detail at %s", err, want)
		}
	}
	if plain.Details != nil || detailed.Details[0].Path != "/a" {
		t.Error("AtPath changed the error that it got")
	}
	if err := tenancy.AtPath("/name", io.EOF); err != io.EOF {
		t.Errorf("AtPath changed a foreign error to %v", err)
	}
}

func TestRetryInRoundsTheWaitUpToSeconds(t *testing.T) {
	t.Parallel()
	for wait, seconds := range map[time.Duration]int64{
		0: 1, time.Millisecond: 1, time.Second: 1, 1001 * time.Millisecond: 2, time.Minute: 60,
	} {
		e := tenancy.RetryIn(tenancy.CodeUnavailable, wait, "100 % busy")
		message := fmt.Sprintf("100 %% busy: retry in %d s", seconds)
		if e.Members["retry_after"] != seconds || e.Message != message {
			t.Errorf("%v: %+v", wait, e)
		}
	}
}
