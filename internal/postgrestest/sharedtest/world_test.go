package sharedtest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// plan is a row that all tenants share.
type plan struct {
	bun.BaseModel `bun:"table:plans"`

	ID            int64           `bun:"id,pk"`
	Name          string          `bun:"name"`
	DeletedAt     bun.NullTime    `bun:"deleted_at,soft_delete,nullzero"`
	Subscriptions []*subscription `bun:"rel:has-many,join:id=plan_id"`
}

// feature is shared too, in another schema.
type feature struct {
	bun.BaseModel `bun:"table:ref.features"`

	ID   int64  `bun:"id,pk"`
	Name string `bun:"name"`
}

type subscriptionFeature struct {
	bun.BaseModel `bun:"table:subscription_features"`

	SubscriptionID int64         `bun:"subscription_id,pk"`
	FeatureID      int64         `bun:"feature_id,pk"`
	Subscription   *subscription `bun:"rel:belongs-to,join:subscription_id=id"`
	Feature        *feature      `bun:"rel:belongs-to,join:feature_id=id"`
}

type subscription struct {
	bun.BaseModel `bun:"table:subscriptions,alias:s"`

	ID       int64     `bun:"id,pk"`
	PlanID   int64     `bun:"plan_id"`
	Note     string    `bun:"note"`
	Plan     *plan     `bun:"rel:belongs-to,join:plan_id=id"`
	Features []feature `bun:"m2m:subscription_features,join:Subscription=Feature"`
	Peers    []*plan   `bun:"rel:has-many,join:plan_id=id"`
}

const hostSchema = `
CREATE SCHEMA IF NOT EXISTS ref;
CREATE TABLE plans (id bigint PRIMARY KEY, name text NOT NULL, deleted_at timestamptz);
CREATE TABLE ref.features (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO plans VALUES (1, 'basic'), (2, 'large');
INSERT INTO ref.features VALUES (1, 'mail'), (2, 'disk');
CREATE TABLE subscriptions (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id), id bigint NOT NULL,
  plan_id bigint NOT NULL REFERENCES plans (id), note text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id));
CREATE TABLE subscription_features (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  subscription_id bigint NOT NULL, feature_id bigint NOT NULL REFERENCES ref.features (id),
  PRIMARY KEY (tenant_id, subscription_id, feature_id),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id));
`

// hostRows inserts the rows of tenant $1, whose slug is $2. All tenants have the same keys.
const hostRows = `
INSERT INTO subscriptions SELECT $1::uuid, i, i, $2 FROM generate_series(1, 2) AS i;
INSERT INTO subscription_features SELECT $1::uuid, 1, CASE $2 WHEN 'acme' THEN 1 ELSE 2 END;
`

// options are those of a host whose migrations also run the statements in more.
func options(url string, multiTenant bool, more string) postgres.Options {
	return postgres.Options{
		URL: url, MultiTenant: multiTenant, Migrations: fixture.Migrations(hostSchema + more), MaxConns: 4,
		RolePrefix: fixture.RolePrefix,
		Tables:     []postgres.Table{{Model: (*subscriptionFeature)(nil)}, {Model: (*subscription)(nil)}},
		Shared:     []any{(*plan)(nil), (*feature)(nil)},
	}
}

type world struct {
	db          *postgres.DB
	superuser   *sql.DB
	options     postgres.Options
	acme, other tenancy.ID
}

func newWorld(t *testing.T, multiTenant bool) world {
	t.Helper()
	key := "shared-single"
	if multiTenant {
		key = "shared-multi"
	}
	url := pgtest.Template(t, key, func(url string) error {
		return postgres.Migrate(context.Background(), options(url, multiTenant, ""))
	})
	o := options(url, multiTenant, "")
	w := world{db: fixture.Open(t, o), superuser: fixture.Superuser(t, url), options: o}
	w.acme, w.other = fixture.TenantsWithRows(t, w.db, w.superuser, hostRows)
	return w
}

func (w world) in(t testing.TB, tenant tenancy.ID) context.Context {
	return tenancy.NewContext(t.Context(), tenant)
}

// sharedRows returns all rows of the shared tables as text.
func (w world) sharedRows(t testing.TB) []string {
	t.Helper()
	rows, err := fixture.Strings(w.superuser.QueryContext(t.Context(),
		"SELECT p::text FROM plans AS p UNION ALL SELECT f::text FROM ref.features AS f ORDER BY 1"))
	require.NoError(t, err)
	return rows
}
