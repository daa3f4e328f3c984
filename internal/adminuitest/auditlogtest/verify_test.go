package auditlogtest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// answer writes the answer to an export, in place of the API, whose own answer is given.
type answer func(w http.ResponseWriter, r *http.Request, own []byte)

// newAltered returns a site whose API answers exports by another answer.
func newAltered(t *testing.T, change answer) *site.Site {
	t.Helper()
	return site.New(t, site.Options{MultiTenant: true, Around: func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/audit/export") {
				api.ServeHTTP(w, r)
				return
			}
			own := httptest.NewRecorder()
			api.ServeHTTP(own, r)
			change(w, r, own.Body.Bytes())
		})
	}})
}

// withEntries records three entries in acme.
func withEntries(t *testing.T, s *site.Site) *site.Site {
	t.Helper()
	for i := range 3 {
		record(t, s, "acme", tenancy.Event{Action: "note.publish",
			Target: tenancy.AuditTarget{Kind: "note", Name: fmt.Sprint("note-", i)}}, tenancy.Request{})
	}
	return s
}

// lastEntry returns the number of the last entry of acme's log.
func lastEntry(t *testing.T, s *site.Site) int64 {
	t.Helper()
	last := int64(0)
	err := s.Services.Audit.Export(tenancy.NewContext(t.Context(), s.Tenants["acme"].ID),
		s.Tenants["acme"].ID, ports.AuditQuery{}, func(_, end tenancy.AuditChain) error { last = end.Seq; return nil },
		func(tenancy.AuditEntry) error { return nil })
	require.NoError(t, err)
	return last
}

func TestAuditExportIsTheWholeLogAsFile(t *testing.T) {
	t.Parallel()
	s := withEntries(t, newSite(t))
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit/export").Want(http.StatusOK)
	require.Equal(t, `attachment; filename="acme.audit.jsonl"`, p.Header.Get("Content-Disposition"))
	require.Equal(t, "application/jsonl", p.Header.Get("Content-Type"))
	require.Contains(t, string(p.Body), "note-2")
	require.Contains(t, string(p.Body), `{"end":`)
}

func TestUnchangedAuditLogIsWhole(t *testing.T) {
	t.Parallel()
	s := withEntries(t, newSite(t))
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/audit/verify").Want(http.StatusOK)
	require.NotContains(t, p.Main(), "whole:")
	p = b.Submit(p.Form("/verify"), nil).Want(http.StatusOK)
	last := lastEntry(t, s)
	require.Contains(t, p.Main(), "The log is whole")
	require.Contains(t, p.Main(), fmt.Sprint("Unchanged entries ", last))
	require.Contains(t, p.Main(), "First Entry 1,")
	require.Contains(t, p.Main(), fmt.Sprint("Last Entry ", last, ","))
	require.Contains(t, p.Main(), fmt.Sprint("Head ", last, ":"))
}

func TestHeadOfAnEarlierVerificationMustBeInTheLog(t *testing.T) {
	t.Parallel()
	s := withEntries(t, newSite(t))
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/audit/verify?head=")
	head := strings.Fields(p.Main()[strings.Index(p.Main(), "Head "):])[1]
	p = b.Submit(p.Form("/verify"), map[string]string{"head": head})
	require.Contains(t, p.Want(http.StatusOK).Main(), "The log is whole")
	p = b.Submit(p.Form("/verify"), map[string]string{"head": "2:" + strings.Repeat("0", 64)})
	require.Contains(t, p.Want(http.StatusOK).Main(), "The log isn’t whole. Entry 2 differs")
	require.Contains(t, p.Main(), "Unchanged entries 2")
	p = b.Submit(p.Form("/verify"), map[string]string{"head": hostile})
	require.NotEmpty(t, p.Want(http.StatusUnprocessableEntity).FieldError("head"))
	require.Equal(t, hostile, p.Form("/verify").Get("head"))
}

func TestAlteredAuditLogIsNamedWithItsFirstWrongEntry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change answer
		want   string
	}{
		"altered entry": {func(w http.ResponseWriter, _ *http.Request, own []byte) {
			_, _ = w.Write(bytes.Replace(own, []byte("note-1"), []byte("note-x"), 1))
		}, "The log isn’t whole. Audit log entry"},
		"removed entry": {func(w http.ResponseWriter, _ *http.Request, own []byte) {
			for line := range bytes.Lines(own) {
				if !bytes.Contains(line, []byte("note-1")) {
					_, _ = w.Write(line)
				}
			}
		}, "are missing"},
		"hostile line": {func(w http.ResponseWriter, _ *http.Request, own []byte) {
			_, _ = w.Write([]byte(hostile))
		}, "The log isn’t whole. The line after entry 0"},
		"endless line": {func(w http.ResponseWriter, _ *http.Request, own []byte) {
			for range 64 {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
					panic(http.ErrAbortHandler)
				}
			}
		}, "is longer than any entry"},
		"no end": {func(w http.ResponseWriter, _ *http.Request, own []byte) {
			_, _ = w.Write(own[:bytes.Index(own, []byte(`{"end"`))])
		}, "without an end line"},
		"nothing": {func(http.ResponseWriter, *http.Request, []byte) {}, "without an end line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withEntries(t, newAltered(t, c.change))
			p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit/verify?head=").Want(http.StatusOK)
			require.Contains(t, p.Main(), c.want)
			require.NotContains(t, p.Main(), "The log is whole")
			require.NotContains(t, string(p.Body), "<script>alert")
		})
	}
}

func TestAuditLogThatIsCutOffIsUnfinished(t *testing.T) {
	t.Parallel()
	s := withEntries(t, newAltered(t, func(w http.ResponseWriter, _ *http.Request, own []byte) {
		_, _ = w.Write(own[:bytes.Index(own, []byte("note-1"))])
		panic(http.ErrAbortHandler)
	}))
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit/verify?head=").Want(http.StatusOK)
	require.Contains(t, p.Main(), "The log stopped in the middle")
	require.NotContains(t, p.Main(), "isn’t whole")
}

func TestVerificationOfAuditLogHasALimitInTime(t *testing.T) {
	t.Parallel()
	left := make(chan time.Duration, 1)
	s := withEntries(t, newAltered(t, func(w http.ResponseWriter, r *http.Request, own []byte) {
		deadline, _ := r.Context().Deadline()
		left <- time.Until(deadline)
		_, _ = w.Write(own)
	}))
	s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit/verify?head=").Want(http.StatusOK)
	require.Greater(t, <-left, time.Second)
	require.Empty(t, left)
}
