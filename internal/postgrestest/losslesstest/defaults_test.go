package losslesstest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

type defaults struct {
	bun.BaseModel `bun:"table:defaulted"`

	Map     map[string]any `bun:"map,type:jsonb,notnull,default:'{}'"`
	Cast    map[string]any `bun:"cast,type:jsonb,notnull,default:'{}'::jsonb"`
	Filled  []int          `bun:"filled,type:jsonb,notnull,default:'[1]'"`
	List    []string       `bun:"list,type:jsonb,notnull,default:'[]'"`
	Tags    []string       `bun:"tags,array,notnull,default:'{}'"`
	Letters []string       `bun:"letters,array,notnull,default:'{a}'"`
	Empty   []string       `bun:"empty,type:text[],notnull,default:ARRAY[]::text[]"`
	Text    string         `bun:"text,type:text,notnull,default:'it''s a::b'"`
	Number  int32          `bun:"number,notnull,default:5"`
	Price   decimal        `bun:"price,type:numeric(8,2),notnull,default:0"`
	Ratio   float64        `bun:"ratio,notnull,default:0.5"`
	Yes     bool           `bun:"yes,notnull,default:'t'"`
	At      time.Time      `bun:"at,notnull,default:'2026-01-01 00:00:00+00'"`
	Day     string         `bun:"day,type:date,notnull,default:'2026-01-01'"`
	Span    string         `bun:"span,type:interval,notnull,default:'1 day'"`
	Raw     []byte         `bun:"raw,notnull,default:'\\x00'"`
	Made    string         `bun:"made,type:text,notnull,default:upper('x')"`
}

const defaultedSchema = `CREATE TABLE defaulted (map jsonb NOT NULL DEFAULT '{}',
  "cast" jsonb NOT NULL DEFAULT '{}', filled jsonb NOT NULL DEFAULT '[1]',
  list jsonb NOT NULL DEFAULT '[]', 
  tags text[] NOT NULL DEFAULT '{}', letters text[] NOT NULL DEFAULT '{a}',
  empty text[] NOT NULL DEFAULT ARRAY[]::text[], text text NOT NULL DEFAULT 'it''s a::b',
  number integer NOT NULL DEFAULT 5, price numeric(8,2) NOT NULL DEFAULT 0,
  ratio float8 NOT NULL DEFAULT 0.5, yes boolean NOT NULL DEFAULT 't',
  at timestamptz NOT NULL DEFAULT '2026-01-01 00:00:00+00', day date NOT NULL DEFAULT '2026-01-01',
  span interval NOT NULL DEFAULT '1 day', raw bytea NOT NULL DEFAULT '\x00',
  made text NOT NULL DEFAULT upper('x'), ` + kindColumns + `)`

func TestAbsentMemberHasTheDefaultOfItsColumn(t *testing.T) {
	t.Parallel()
	r := newRig(t, defaultedSchema, postgres.Table{Model: (*defaults)(nil), Kind: "defaulted"})
	stored, err := r.put(r.acme, "defaulted", "w", `{}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"map":{},"cast":{},"filled":[1],"list":[],"tags":[],
		"letters":["a"],"empty":[],"text":"it's a::b","number":5,"price":"0.00","ratio":0.5,
		"yes":true,"at":"2026-01-01T00:00:00.000000Z","day":"2026-01-01","span":"P1D",
		"raw":"AA==","made":"X"}`, string(stored.Spec))
	again, err := r.put(r.acme, "defaulted", "w", `{"map":null}`)
	require.NoError(t, err)
	require.Equal(t, stored, again)

	changed, err := r.put(r.acme, "defaulted", "w", `{"map":{"b":1},"list":["x"],"tags":["y"]}`)
	require.NoError(t, err)
	require.Equal(t, stored.Version+1, changed.Version)
	require.Contains(t, string(changed.Spec), `"map":{"b":1}`)
	r.requireLossless()
}

// A row that the host writes has the same spec as an item without members.
func TestRowWithDefaultsIsTheItemWithoutMembers(t *testing.T) {
	t.Parallel()
	r := newRig(t, defaultedSchema, postgres.Table{Model: (*defaults)(nil), Kind: "defaulted"})
	ctx := r.in(r.acme)
	_, err := r.db.Scoped(ctx).NewRaw("INSERT INTO defaulted (name) VALUES ('row')").Exec(ctx)
	require.NoError(t, err)
	before, err := r.db.Services().Resources.Get(ctx, r.acme.ID, ref("defaulted", "row"))
	require.NoError(t, err)
	after, err := r.put(r.acme, "defaulted", "row", `{}`)
	require.NoError(t, err)
	require.Equal(t, before, after)
}
