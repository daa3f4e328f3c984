package losslesstest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

type hstoreRow struct {
	bun.BaseModel `bun:"table:rows"`
	Extra         map[string]string `bun:"extra,hstore"`
}

type msgpackRow struct {
	bun.BaseModel `bun:"table:rows"`
	Extra         struct{ A int } `bun:"extra,msgpack"`
}

type objectInText struct {
	bun.BaseModel `bun:"table:rows"`
	Extra         map[string]string `bun:"extra,type:text"`
}

type numberInText struct {
	bun.BaseModel `bun:"table:rows"`
	Extra         int64 `bun:"extra,type:text"`
}

type textInArray struct {
	bun.BaseModel `bun:"table:rows"`
	Extra         string `bun:"extra,type:text[]"`
}

type nestedBytes struct {
	bun.BaseModel `bun:"table:rows"`
	Extra         [][][]byte `bun:"extra,type:bytea[],array"`
}

type plainRow struct {
	bun.BaseModel `bun:"table:rows"`
}

type otherRow struct {
	bun.BaseModel `bun:"table:others"`
}

func TestColumnThatCannotBeReadBackIsRefused(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]any{
		"hstore": (*hstoreRow)(nil), "msgpack": (*msgpackRow)(nil),
		"an object in text": (*objectInText)(nil), "a number in text": (*numberInText)(nil),
		"a text in an array": (*textInArray)(nil), "nested arrays": (*nestedBytes)(nil),
	} {
		_, err := postgres.Open(t.Context(), options("postgres://u@localhost/db", "",
			postgres.Table{Model: model, Kind: "row"}))
		require.ErrorContains(t, err, "rows.extra", name)
		require.ErrorContains(t, err, "jsonb", name)
	}
}

func TestTwoTablesOfOneKindAreRefused(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]postgres.Table{
		"one kind":  {Model: (*otherRow)(nil), Kind: "row"},
		"one table": {Model: (*plainRow)(nil), Kind: "other"},
		"one path":  {Model: (*otherRow)(nil), Kind: "other", Path: "rows"},
	} {
		_, err := postgres.Open(t.Context(), options("postgres://u@localhost/db", "",
			postgres.Table{Model: (*plainRow)(nil), Kind: "row"}, second))
		require.ErrorContains(t, err, "row", name)
		require.Regexp(t, "declare", err.Error(), name)
	}
}
