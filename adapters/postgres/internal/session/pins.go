package session

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"
)

// Pins are settings of the server by their name that every session begins with, whatever ALTER
// ROLE, ALTER DATABASE or postgresql.conf say. A setting that the server doesn't know is left
// out.
//
// They are set by a statement and not by the startup message, in which poolers refuse most
// settings. A session of a pooler belongs to others too, so that nothing is set there: the pins
// that differ are then sent with each statement (see [wire.pin]).
type Pins map[string]string

// DefaultPins are the settings that statements of this library, of its functions and of bun
// depend on.
func DefaultPins() Pins {
	return Pins{
		"search_path":                    "pg_catalog", // see [OpenerConfig].Schema
		"bytea_output":                   "hex",
		"intervalstyle":                  "postgres",
		"row_security":                   "on",
		"quote_all_identifiers":          "off",
		"extra_float_digits":             "1",
		"xmlbinary":                      "base64",
		"xmloption":                      "content",
		"array_nulls":                    "on",
		"transform_null_equals":          "off",
		"backslash_quote":                "safe_encoding",
		"gin_fuzzy_search_limit":         "0",
		"default_transaction_read_only":  "off",
		"default_transaction_isolation":  "read committed",
		"default_transaction_deferrable": "off",
		"client_min_messages":            "notice",
		"check_function_bodies":          "on",
	}
}

// startupSettings are sent in the startup message: pgdriver refuses a session without the first
// two, and every pooler takes them, since other drivers send them too.
var startupSettings = []string{
	"client_encoding", "UTF8", "standard_conforming_strings", "on", "DateStyle", "ISO, MDY",
	"TimeZone", "UTC",
}

// pin sets the pins that differ. Through a pooler it remembers the statements that set them for
// one transaction.
//
// Of search_path only its effect counts: the default, "$user", public, is public where no
// schema has the user's name.
//
// A search_path in the options of the connection string stays. It is refused unless it begins
// with the schema of the tables: new ones would be created in another schema.
func (w *wire) pin(ctx context.Context, conn *pgdriver.Conn, pins Pins) error {
	if len(pins) == 0 {
		return nil
	}
	var values []string
	for name, value := range pins {
		values = append(values, "('"+name+"','"+strings.ReplaceAll(value, "'", "''")+"')")
	}
	query := fmt.Sprintf(`SELECT name, value, CASE WHEN pg_catalog.pg_backend_pid() = %d
		THEN pg_catalog.set_config(name, value, false) END FROM (VALUES %s) AS pins (name, value)
		WHERE CASE WHEN name = 'search_path'
		  THEN pg_catalog.current_schemas(false)::pg_catalog.text[] <> pg_catalog.parse_ident(value)
		  ELSE pg_catalog.current_setting(name, true) <> value END`,
		w.startup.pid(), strings.Join(values, ","))
	found, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return err
	}
	defer found.Close()
	var pooled strings.Builder
	for row := make([]driver.Value, 3); ; {
		if err := found.Next(row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if row[2] == nil {
			w.pinLocally(&pooled, text(row[0]), text(row[1]))
		}
	}
	w.pooledPins = pooled.String()
	return nil
}

// pinLocally adds the statement that pins a setting for one transaction. A default for
// transactions comes too late for one that has begun, which has its own setting.
func (w *wire) pinLocally(statements *strings.Builder, name, value string) {
	if mode, ok := strings.CutPrefix(name, "default_"); ok && strings.HasPrefix(mode, "transaction") {
		name, w.pinsModes = mode, true
	}
	if name != "search_path" { // which is a list of identifiers
		value = "'" + value + "'"
	}
	statements.WriteString("SET LOCAL " + name + "=" + value + ";")
}

// PinsOf returns the statements that pin the settings of c for one transaction, for its BEGIN.
// They are empty unless a pooler may give each transaction another session. c is a connection of
// database/sql or bun that an [Opener] opened.
func PinsOf(c interface{ Raw(func(any) error) error }) (pins string, err error) {
	err = c.Raw(func(driverConn any) error {
		pins = wireOf(driverConn.(*pgdriver.Conn)).pooledPins
		return nil
	})
	return pins, err
}

// pid is the process id of the session's server process. A pooler sends another one.
func (s *startup) pid() int32 {
	if len(s.cancelKey) < 4 {
		return 0
	}
	return int32(binary.BigEndian.Uint32(s.cancelKey))
}

// queryRow returns the texts of the first row.
func queryRow(ctx context.Context, conn *pgdriver.Conn, query string) ([]string, error) {
	found, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	row := make([]driver.Value, len(found.Columns()))
	if err := found.Next(row); err != nil {
		return nil, err
	}
	texts := make([]string, len(row))
	for i, value := range row {
		texts[i] = text(value)
	}
	return texts, nil
}

func text(value driver.Value) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return fmt.Sprint(value)
}

// settingsFor returns the settings of the startup message, and the pins. The options of the
// connection string may choose another search_path or time zone.
func settingsFor(options string, pins Pins) (startup []string, kept Pins) {
	named := strings.ToLower(strings.ReplaceAll(options, "-", "_"))
	startup, kept = startupSettings, maps.Clone(pins)
	if strings.Contains(named, "timezone") {
		startup = startup[:len(startup)-2]
	}
	if strings.Contains(named, "search_path") {
		delete(kept, "search_path")
	}
	if options != "" {
		startup = append(slices.Clone(startup), "options", options)
	}
	return startup, kept
}

// addStartup adds settings to pgdriver's startup message: its length, the protocol's version, and
// names and values that end with a zero byte each.
func addStartup(message []byte, settings []string) []byte {
	b := append([]byte(nil), message[:len(message)-1]...)
	for _, s := range settings {
		b = append(append(b, s...), 0)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}
