package losslesstest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

type checkedRow struct {
	bun.BaseModel `bun:"table:checked"`
	Size          *int32  `bun:"size"`
	Mood          *string `bun:"mood,type:text"`
}

// One error names every fault, each with what mends it.
func TestTableOfAKindIsCheckedForAllItNeeds(t *testing.T) {
	t.Parallel()
	const whole = "CREATE TYPE feeling AS ENUM ('glad'); CREATE TABLE checked (size integer, mood text, " +
		kindColumns + "); "
	faults := map[string]string{
		"ALTER TABLE checked DROP CONSTRAINT checked_tenant_id_name_key":        `ADD UNIQUE (tenant_id, "name")`,
		"ALTER TABLE checked ALTER name DROP NOT NULL":                          `"name" SET NOT NULL`,
		"ALTER TABLE checked ALTER labels DROP DEFAULT, ALTER labels TYPE text": "TYPE jsonb",
		"ALTER TABLE checked DROP COLUMN created_at":                            "ADD COLUMN created_at",
		"ALTER TABLE checked ALTER version DROP NOT NULL":                       `"version" SET NOT NULL`,
		"ALTER TABLE checked ALTER updated_at TYPE timestamp":                   "TYPE timestamptz",
		"ALTER TABLE checked DROP COLUMN size":                                  `ADD COLUMN "size" INTEGER`,
		"ALTER TABLE checked ALTER mood TYPE feeling USING mood::feeling":       "declare type:feeling",
		"ALTER TABLE checked ADD COLUMN other text NOT NULL":                    `"other" DROP NOT NULL`,
	}
	var all []string
	for fault := range faults {
		all = append(all, fault)
	}
	_, err := postgres.Open(t.Context(), options(pgtest.Database(t),
		whole+strings.Join(all, ";"), postgres.Table{Model: (*checkedRow)(nil), Kind: "checked"}))
	require.Error(t, err)
	for fault, want := range faults {
		require.ErrorContains(t, err, want, fault)
	}
	newRig(t, whole, postgres.Table{Model: (*checkedRow)(nil), Kind: "checked"})
}
