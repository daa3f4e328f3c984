package commands_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// contestedTenant is a tenant whose quotas another client changes after this many reads.
type contestedTenant struct {
	version   int
	resources map[string]int
	changes   int
}

func (c *contestedTenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tag := fmt.Sprintf("%q", fmt.Sprint(c.version))
	if r.Method == http.MethodPut {
		if match := r.Header.Get("If-Match"); match != "" && match != tag {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusPreconditionFailed)
			fmt.Fprint(w, `{"code":"version_mismatch","detail":"read it again"}`)
			return
		}
		var in struct {
			Quotas struct{ Resources map[string]int }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			panic(err)
		}
		c.resources = in.Quotas.Resources
		c.version++
	}
	w.Header().Set("ETag", "W/"+tag) // as a proxy that compresses sends it
	quotas, _ := json.Marshal(c.resources)
	fmt.Fprintf(w, `{"slug":"acme","quotas":{"resources":%s}}`, quotas)
	if r.Method == http.MethodGet && c.changes > 0 {
		c.changes--
		c.version++
		c.resources = map[string]int{"prompt": c.version}
	}
}

func TestQuotaUpdateKeepsConcurrentChange(t *testing.T) {
	t.Parallel()
	update := func(c *contestedTenant) harness.Result {
		s := httptest.NewServer(c)
		defer s.Close()
		return harness.RunLine(t, "tenant", "update", "acme", "--quota", "agent=5", "--url", s.URL)
	}
	tenant := &contestedTenant{resources: map[string]int{"prompt": 0}}
	update(tenant).RequireStatus(t, cli.ExitDone)
	require.Equal(t, map[string]int{"agent": 5, "prompt": 0}, tenant.resources)

	tenant.changes = 1
	update(tenant).RequireStatus(t, cli.ExitDone)
	require.Equal(t, map[string]int{"agent": 5, "prompt": 2}, tenant.resources)

	tenant.changes = 1000
	refused := update(tenant).RequireStatus(t, cli.ExitRefused)
	require.Contains(t, refused.Err, "version_mismatch")
	require.Contains(t, refused.Err, "run the command again")
	require.NotContains(t, tenant.resources, "agent")
}
