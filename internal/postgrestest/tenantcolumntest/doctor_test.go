package tenantcolumntest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

func examine(t *testing.T, o postgres.Options) []doctor.Finding {
	t.Helper()
	all, err := postgres.Doctor(t.Context(), o)
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(f doctor.Finding) bool { // settings of the server
		return f.Code == "setting_track_activities"
	})
}

const onlyAuthors = " ON authors USING (org_id = (SELECT bailiwick.current_tenant()))" +
	" WITH CHECK (org_id = (SELECT bailiwick.current_tenant()))"

// Each statement breaks the database, and the fix of the finding repairs it.
func TestDoctorFindsDefectsOfTablesWithOtherColumnsAndItsFixRepairsThem(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]struct {
		statement, code, object string
		warning                 bool
	}{
		"the policy is on another column": {"ALTER TABLE authors ADD COLUMN tenant_id uuid;" +
			" ALTER POLICY bailiwick_tenant ON authors USING (tenant_id = (SELECT" +
			" bailiwick.current_tenant()))", "policy_drift", "public.authors", false},
		"the policy is on a column of the same letters": {
			`ALTER TABLE authors ADD COLUMN "ORG_ID" uuid;` +
				` ALTER POLICY bailiwick_tenant ON authors USING ("ORG_ID" = (SELECT` +
				" bailiwick.current_tenant()))", "policy_drift", "public.authors", false},
		"the policy reads everything": {"ALTER POLICY bailiwick_tenant ON books USING (true)",
			"policy_drift", "public.books", false},
		"the policy casts": {
			`ALTER POLICY bailiwick_tenant ON books USING ("Account ID"::text =` +
				" current_setting('bailiwick.tenant', true))", "policy_casts_column", "public.books", false},
		"no policy": {"DROP POLICY bailiwick_tenant ON book_tags", "policy_missing",
			"public.book_tags", false},
		"no default": {`ALTER TABLE books ALTER COLUMN "Account ID" DROP DEFAULT`, "default_missing",
			"public.books", true},
		"a unique key over all tenants": {"ALTER TABLE books ADD CONSTRAINT one_title UNIQUE (title)",
			"unique_without_tenant", "one_title", false},
		"a unique index over all tenants": {"DELETE FROM book_tags;" +
			" CREATE UNIQUE INDEX one_tag ON book_tags (tag_id, book_id)",
			"unique_without_tenant", "one_tag", false},
		"a unique key on the old column": {
			"ALTER TABLE books ADD CONSTRAINT by_other UNIQUE (tenant_id, title)",
			"unique_without_tenant", "by_other", false},
		"a unique key that ends with the tenant": {`CREATE UNIQUE INDEX late ON books (title, "Account ID")`,
			"unique_not_leading", "late", true},
		"a foreign key over all tenants": {"DELETE FROM book_tags; DELETE FROM books;" +
			" ALTER TABLE books ADD CONSTRAINT ids UNIQUE (id);" +
			" ALTER TABLE book_tags ADD CONSTRAINT loose FOREIGN KEY (book_id) REFERENCES books (id)",
			"foreign_key_without_tenant", "loose", false},
		"a table that isn't declared": {"CREATE TABLE notes (org_id uuid NOT NULL, text text);" +
			" GRANT SELECT ON notes TO bailiwick_app", "tenant_id_type", "public.notes", false},
		"a nullable column": {"ALTER TABLE authors DROP CONSTRAINT authors_pkey CASCADE;" +
			" ALTER TABLE authors ALTER COLUMN org_id DROP NOT NULL", "tenant_nullable",
			"public.authors", false},
		"a row of no tenant": {"INSERT INTO authors VALUES (gen_random_uuid(), 99, 'lost')",
			"rows_without_tenant", "authors", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, true)
			require.Empty(t, examine(t, w.options))
			fixture.Exec(t, w.superuser, d.statement)
			at := func() int {
				return slices.IndexFunc(examine(t, w.options), func(f doctor.Finding) bool {
					return f.Code == d.code && strings.Contains(f.Object, d.object)
				})
			}
			found := at()
			require.GreaterOrEqual(t, found, 0, "%+v", examine(t, w.options))
			finding := examine(t, w.options)[found]
			severity := doctor.SeverityError
			if d.warning {
				severity = doctor.SeverityWarning
			}
			require.Equal(t, severity, finding.Severity)
			fixture.Exec(t, w.superuser, finding.Fix)
			require.Equal(t, -1, at(), "the fix %s doesn't repair it: %+v", finding.Fix,
				examine(t, w.options))
		})
	}
}

func TestMigratingAgainRestoresThePolicyOnTheDeclaredColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	fixture.Exec(t, w.superuser, `ALTER TABLE authors ADD COLUMN "ORG_ID" uuid;
		DROP POLICY bailiwick_tenant ON authors; CREATE POLICY bailiwick_tenant ON authors
		USING ("ORG_ID" = (SELECT bailiwick.current_tenant())); ALTER TABLE books NO FORCE ROW LEVEL SECURITY`)
	require.NoError(t, postgres.Migrate(t.Context(), w.options))
	require.Empty(t, examine(t, w.options))
	fixture.Exec(t, w.superuser, "DROP POLICY bailiwick_tenant ON authors; CREATE POLICY"+
		" bailiwick_tenant"+onlyAuthors)
	require.Empty(t, examine(t, w.options), "it is as the library creates it")
}

func TestOpenRefusesADeclaredColumnThatCannotBe(t *testing.T) {
	t.Parallel()
	for text, change := range map[string]func(*postgres.Options){
		"has characters": func(o *postgres.Options) { o.Tables[1].TenantColumn = `org"; DROP TABLE x` },
		"more than 63 bytes": func(o *postgres.Options) {
			o.Tables[1].TenantColumn = strings.Repeat("é", 40)
		},
		"another column of the kind": func(o *postgres.Options) {
			o.Tables[2] = postgres.Table{Model: (*tag)(nil), Kind: "tag", TenantColumn: "name"}
		},
		`declared as "order" and as "other"`: func(o *postgres.Options) {
			o.Tables[2] = postgres.Table{Model: (*tag)(nil), Kind: "tag",
				References: []postgres.Reference{{Field: "tags", Kind: "tag", Join: &postgres.Join{
					Table: "book_tags", From: "a", To: "b", TenantColumn: "other"}}}}
		},
		"Options.Adopt": func(o *postgres.Options) { o.Adopt = &adoption.Database{} },
	} {
		o := options("postgres://nowhere.invalid/x", true)
		change(&o)
		_, err := postgres.Open(t.Context(), o)
		require.ErrorContains(t, err, text)
	}
}

func TestMigrationRefusesATableWithoutTheDeclaredColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.options.Tables[1].TenantColumn = "account_id"
	require.ErrorContains(t, postgres.Migrate(t.Context(), w.options),
		"no column account_id of type uuid")
	w.options.SkipMigrations = true
	_, err := postgres.Open(t.Context(), w.options)
	require.ErrorContains(t, err, "its column account_id of type uuid is missing")
}
