package losslesstest

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// decimal has the methods of shopspring/decimal's type.
type decimal struct{ text string }

func (d decimal) MarshalJSON() ([]byte, error) {
	if d.text == "" {
		return []byte(`"0"`), nil
	}
	return json.Marshal(d.text)
}
func (d *decimal) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &d.text) }
func (d decimal) Value() (driver.Value, error)    { return d.text, nil }
func (d *decimal) Scan(v any) error               { d.text = fmt.Sprintf("%s", v); return nil }

// pgText has the methods of pgtype.Text.
type pgText struct {
	String string
	Valid  bool
}

func (p pgText) MarshalJSON() ([]byte, error) {
	if !p.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(p.String)
}
func (p pgText) Value() (driver.Value, error) {
	if !p.Valid {
		return nil, nil
	}
	return p.String, nil
}

// level marshals as text and is stored as an integer.
type level int

func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", l), nil }
func (l level) Value() (driver.Value, error) { return int64(l), nil }

type attributes map[string]any

func (a attributes) Value() (driver.Value, error) { return json.Marshal(a) }

// Money is embedded with a prefix.
type Money struct {
	Amount   decimal `bun:"amount,type:numeric"`
	Currency string  `bun:"currency,type:text"`
}

type thing struct {
	bun.BaseModel `bun:"table:things"`

	NullTime    bun.NullTime         `bun:"null_time"`
	SQLTime     sql.NullTime         `bun:"sql_time,type:timestamptz"`
	At          time.Time            `bun:"at,nullzero"`
	Wall        *time.Time           `bun:"wall,type:timestamp"`
	Date        *time.Time           `bun:"date,type:date"`
	Clock       *string              `bun:"clock,type:time"`
	ClockZone   *string              `bun:"clock_zone,type:timetz"`
	Price       decimal              `bun:"price,type:numeric"`
	PricePtr    *decimal             `bun:"price_ptr,type:numeric(20,4)"`
	Digits      *string              `bun:"digits,type:numeric"`
	Addr        *netip.Addr          `bun:"addr,type:inet"`
	Prefix      *netip.Prefix        `bun:"prefix,type:cidr"`
	IP          net.IP               `bun:"ip"`
	Raw         []byte               `bun:"raw"`
	NullString  sql.NullString       `bun:"null_string"`
	NullInt     sql.NullInt64        `bun:"null_int"`
	NullInt32   sql.NullInt32        `bun:"null_int32,type:integer"`
	NullBool    sql.NullBool         `bun:"null_bool"`
	NullFloat   sql.NullFloat64      `bun:"null_float"`
	Generic     sql.Null[string]     `bun:"generic,type:text"`
	GenericTime sql.Null[time.Time]  `bun:"generic_time,type:timestamptz"`
	GenericAddr sql.Null[netip.Addr] `bun:"generic_addr,type:inet"`
	UUID        *uuid.UUID           `bun:"uuid,type:uuid"`
	Text        pgText               `bun:"text,type:text"`
	Duration    *time.Duration       `bun:"duration"`
	Interval    *string              `bun:"interval,type:interval"`
	JSON        json.RawMessage      `bun:"json"`
	Map         map[string]any       `bun:"map"`
	Attributes  attributes           `bun:"attributes,type:jsonb"`
	List        []string             `bun:"list"`
	Tags        []string             `bun:"tags,array"`
	Numbers     []int64              `bun:"numbers,array"`
	Times       []time.Time          `bun:"times,array"`
	Prices      []decimal            `bun:"prices,type:numeric[],array"`
	Blobs       [][]byte             `bun:"blobs,type:bytea[],array"`
	Floats      []float64            `bun:"floats,array"`
	UUIDs       []uuid.UUID          `bun:"uuids,type:uuid[],array"`
	Big         *big.Int             `bun:"big,type:numeric"`
	Tiny        *int8                `bun:"tiny"`
	Small       *int16               `bun:"small"`
	Unsigned    *uint32              `bun:"unsigned,type:bigint"`
	Long        *int64               `bun:"long"`
	Real        *float32             `bun:"real"`
	Double      *float64             `bun:"double"`
	Cash        *string              `bun:"cash,type:money"`
	Mood        *string              `bun:"mood,type:mood"`
	Level       *level               `bun:"level,type:integer"`
	Range       *string              `bun:"range,type:tstzrange"`
	Point       *string              `bun:"point,type:point"`
	Cost        Money                `bun:"embed:cost_"`
}

const thingsSchema = `CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE things (null_time timestamptz, sql_time timestamptz, at timestamptz, wall timestamp,
  date date, clock time, clock_zone timetz, price numeric, price_ptr numeric(20,4), digits numeric,
  addr inet, prefix cidr, ip inet, raw bytea, null_string text, null_int bigint, null_int32 integer,
  null_bool boolean, null_float float8, generic text, generic_time timestamptz, generic_addr inet,
  uuid uuid, text text, duration bigint, interval interval, json jsonb, map jsonb, attributes jsonb,
  list jsonb, tags text[], numbers bigint[], times timestamptz[], prices numeric[], blobs bytea[],
  floats float8[], uuids uuid[], big numeric, tiny smallint, small smallint, unsigned bigint, long bigint,
  real real, double float8, cash money, mood mood, level integer, range tstzrange, point point,
  cost_amount numeric, cost_currency text, ` + kindColumns + `)`

var things = postgres.Table{Model: (*thing)(nil), Kind: "thing"}

// thingSpecs are specs as clients send them, in canonical form, by name.
var thingSpecs = map[string]string{
	"empty": `{}`,
	"full": `{
	"null_time":"2026-03-01T12:00:00.123456Z","sql_time":"2026-03-01T12:00:00.100000Z",
	"at":"1999-12-31T23:59:59.999999Z","wall":"2026-07-01T00:00:00.000000Z","date":"2026-03-01",
	"clock":"12:30:00.5","clock_zone":"12:30:00+05:30","price":"12345678901234567890.1200",
	"price_ptr":"0.1000","digits":"1e400","addr":"2001:db8::1","prefix":"10.0.0.0/8",
	"ip":"10.1.2.3","raw":"AP/+","null_string":"text","null_int":5,"null_int32":-7,
	"null_bool":false,"null_float":0.1,"generic":"g","generic_time":"2026-03-01T12:00:00.000000Z",
	"generic_addr":"10.0.0.1","uuid":"0191d5a0-0000-7000-8000-000000000001","text":"pg",
	"duration":1500000000,"interval":"P1Y2M3DT4H5M6.7S","json":[null,{"a":1}],"map":{"a":[1]},
	"attributes":{"b":{"c":null}},"list":["x","y"],"tags":["a","","c,d\"e"],
	"numbers":[1,-2],"times":["2026-03-01T12:00:00.000000Z","1970-01-01T00:00:00.500000Z"],
	"prices":["1.50","12345678901234567890.1"],"blobs":["AP8=",""],"floats":[0.1,1e-7],
	"uuids":["0191d5a0-0000-7000-8000-000000000002"],"big":123456,"tiny":-128,"small":-32768,
	"unsigned":4294967295,"long":9007199254740991,"real":0.1,"double":0.30000000000000004,
	"cash":"1234.50","mood":"sad","level":"3",
	"range":"[\"2026-03-01 12:00:00+00\",\"2026-03-02 12:00:00+00\")","point":"(0.1,0.2)",
	"cost_amount":"9.90","cost_currency":"EUR"}`,
	"odd": `{"double":"NaN","real":"-Infinity","at":"infinity","wall":"-infinity","tags":[],
	"blobs":[],"times":[],"raw":"","null_time":"0044-03-15T00:00:00.000000Z BC",
	"sql_time":"12026-03-15T00:00:00.000000Z"}`,
}

// settings differ from PostgreSQL's defaults in everything that its texts depend on.
const settings = `DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database());
  EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''postgres_verbose''', current_database());
  EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database());
END $$`

func TestColumnOfEveryTypeIsExportedAndImportedWithoutLoss(t *testing.T) {
	t.Parallel()
	r := newRig(t, thingsSchema, things)
	for name, spec := range thingSpecs {
		stored, err := r.put(r.acme, "thing", name, spec)
		require.NoError(t, err, "%s: %#v", name, err)
		again, err := r.put(r.acme, "thing", name, string(stored.Spec))
		require.NoError(t, err, "what was answered is accepted")
		require.Equal(t, stored, again, "what was answered is unchanged")
	}
	r.requireLossless()
}

func TestStoredSpecHasTheFormThatWasSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, thingsSchema, things)
	stored, err := r.put(r.acme, "thing", "full", thingSpecs["full"])
	require.NoError(t, err)
	var want, got map[string]any
	require.NoError(t, json.Unmarshal([]byte(thingSpecs["full"]), &want))
	require.NoError(t, json.Unmarshal(stored.Spec, &got))
	delete(want, "digits") // 1e400 is written in all its digits
	delete(got, "digits")
	require.Equal(t, want, got)
}

func TestRowsThatTheHostWroteAreExportedAndImported(t *testing.T) {
	t.Parallel()
	r := newRig(t, thingsSchema, things)
	ctx := r.in(r.acme)
	_, err := r.db.Scoped(ctx).NewRaw(`INSERT INTO things (name, price, addr, raw, null_time, tags)
		VALUES ('row', 1.50, '10.0.0.1/24', '\x00ff', '2026-01-01 00:00:00+02', '{a,NULL}')`).
		Exec(ctx)
	require.NoError(t, err)
	r.requireLossless()
}

func TestDigestsDoNotDependOnSettingsOfTheSession(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	o := options(databaseURL, thingsSchema, things)
	r := openRig(t, o)
	for name, spec := range thingSpecs {
		_, err := r.put(r.acme, "thing", name, spec)
		require.NoError(t, err, "%s: %#v", name, err)
	}
	before := fixture.ItemsOf(t, r.export(r.acme))
	fixture.Exec(t, fixture.Superuser(t, databaseURL), settings)
	r.db = fixture.Open(t, o)
	require.Equal(t, before, fixture.ItemsOf(t, r.export(r.acme)))
	r.requireLossless()
	for name, spec := range thingSpecs {
		first, err := r.db.Services().Resources.Get(t.Context(), r.acme.ID, ref("thing", name))
		require.NoError(t, err)
		again, err := r.put(r.acme, "thing", name, spec)
		require.NoError(t, err)
		require.Equal(t, first, again, "an unchanged put under other settings")
	}
}

func TestEqualValuesInOtherNotationsAreUnchanged(t *testing.T) {
	t.Parallel()
	r := newRig(t, thingsSchema, things)
	first, err := r.put(r.acme, "thing", "w", `{"at":"2026-03-01T12:00:00Z","price":"1.50",
		"uuid":"0191d5a0-0000-7000-8000-00000000000a","interval":"PT1H"}`)
	require.NoError(t, err)
	again, err := r.put(r.acme, "thing", "w", `{"at":"2026-03-01T14:00:00+02:00","price":"1.50",
		"uuid":"0191D5A0-0000-7000-8000-00000000000A","interval":"1 hour"}`)
	require.NoError(t, err)
	require.Equal(t, first, again)
}
