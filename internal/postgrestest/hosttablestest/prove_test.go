package hosttablestest

import (
	"io"
	"log/slog"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func (r rig) prove() {
	r.Helper()
	services := r.db.Services()
	isolationtest.Prove(r, r.db, httpapi.New(services, httpapi.Options{
		MultiTenant: true, Resolver: resolve.New(services.Tenants, resolve.Options{}),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}))
}

func TestTablesWithKeysOfEachTypeAreIsolated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"identity always", "text"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newEmptyRig(t, keysSchemaOf(name), keyTables()...).prove()
		})
	}
}
