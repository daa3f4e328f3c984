package losslesstest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

type partRow struct {
	bun.BaseModel `bun:"table:parts"`
}

type setRow struct {
	bun.BaseModel `bun:"table:sets"`
}

const joinSchema = `CREATE TABLE parts (` + kindColumns + `);
CREATE TABLE sets (` + kindColumns + `);
CREATE TABLE set_parts (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  set_id uuid NOT NULL, part_id uuid NOT NULL, PRIMARY KEY (tenant_id, set_id, part_id),
  FOREIGN KEY (tenant_id, set_id) REFERENCES sets (tenant_id, id),
  FOREIGN KEY (tenant_id, part_id) REFERENCES parts (tenant_id, id))`

func TestJoinWithoutPositionIsASortedSet(t *testing.T) {
	t.Parallel()
	r := newRig(t, joinSchema, postgres.Table{Model: (*partRow)(nil), Kind: "part"},
		postgres.Table{Model: (*setRow)(nil), Kind: "set", References: []postgres.Reference{
			{Field: "parts", Kind: "part", Join: &postgres.Join{Table: "set_parts",
				From: "set_id", To: "part_id"}}}})
	for _, name := range []string{"a", "B", "ä", "b"} {
		_, err := r.put(r.acme, "part", name, `{}`)
		require.NoError(t, err)
	}
	stored, err := r.put(r.acme, "set", "s", `{"parts":["ä","b","B","a"]}`)
	require.NoError(t, err)
	require.Equal(t, `{"parts":["B","a","b","ä"]}`, string(stored.Spec))
	again, err := r.put(r.acme, "set", "s", `{"parts":["a","b","ä","B"]}`)
	require.NoError(t, err)
	require.Equal(t, stored, again, "another order is no change")
	r.requireLossless()
}
