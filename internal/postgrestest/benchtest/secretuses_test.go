package benchtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkSecretUses lists what uses the secrets of a tenant that has 100,000 items, next to
// another one's: each item refers to another secret in a column and to a shared one in its spec (every), or
// one in a hundred items does (few). The numbers are medians, and the memory is that of
// this process.
//
//	go test -run '^$' -bench SecretUses -benchtime 10x -benchmem ./internal/postgrestest/benchtest
func BenchmarkSecretUses(b *testing.B) {
	for name, users := range map[string]int{"every": 1, "few": 100} {
		s := secretUsesWorld(b, users)
		for _, limit := range []int{101, 1001} {
			b.Run(fmt.Sprint(name, " page ", limit), func(b *testing.B) {
				reportMedian(b, func() {
					found, err := s.Resources.SecretUses(context.Background(), tenancy.DefaultID,
						ports.SecretQuery{Limit: limit, Uses: 20})
					require.NoError(b, err)
					require.Len(b, found, min(limit, 100_000/users+1))
				})
			})
		}
	}
}

// secretUsesWorld has 100,000 items in each of two tenants. One in this many refers to secrets.
func secretUsesWorld(b *testing.B, users int) ports.Services {
	database := fixture.MigratedURL(b, true)
	super := benchPool(b, benchConnector(database, pgdriver.WithReadTimeout(5*time.Minute))).DB
	o := fixture.Options(database, true)
	o.StatementTimeout = time.Minute
	s := fixture.Open(b, o).Services()
	fixture.Exec(b, super, "INSERT INTO bailiwick.tenants (id, slug, name)"+
		" VALUES (gen_random_uuid(), 'other', 'Other')")
	fixture.Exec(b, super, fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO widgets (tenant_id, name, token, spec)
		SELECT t.id, 'w' || n, CASE WHEN n %% %[1]d = 0 THEN '$secret:widget/w' || n || '/token' END,
		  jsonb_build_object('packages', (SELECT jsonb_agg(jsonb_build_object('identifier', 'package ' || i,
		    'version', '1.0.' || i, 'transport', jsonb_build_object('type', 'stdio'))) FROM generate_series(1, 5) i),
		    'headers', CASE WHEN n %% %[1]d = 0 THEN
		      '[{"name":"Authorization","isSecret":true,"value":{"$secret":"shared"}}]'::jsonb END)
		FROM bailiwick.tenants t, generate_series(1, 100000) n; COMMIT`, users))
	fixture.Exec(b, super, "VACUUM ANALYZE widgets")
	return s
}
