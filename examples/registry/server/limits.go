package server

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// limitSettings bound what the registry uses of its database and its disk. A limit that is 0
// has the default of postgres.Options or httpapi.Options.
type limitSettings struct {
	connections, systemConnections, bulkConnections int

	statementTimeout, connectionWait, bulkWait time.Duration

	spool int // MiB of temporary files
}

func readLimits(getenv func(string) string) (limitSettings, error) {
	var l limitSettings
	var errs []error
	for name, target := range map[string]*int{
		"DB_CONNECTIONS": &l.connections, "DB_SYSTEM_CONNECTIONS": &l.systemConnections,
		"DB_BULK_CONNECTIONS": &l.bulkConnections, "SPOOL_LIMIT": &l.spool,
	} {
		errs = append(errs, parsePositive(name, getenv(name), target))
	}
	for name, target := range map[string]*time.Duration{
		"DB_STATEMENT_TIMEOUT": &l.statementTimeout, "DB_CONNECTION_WAIT": &l.connectionWait,
		"DB_BULK_WAIT": &l.bulkWait,
	} {
		errs = append(errs, parseDuration(name, getenv(name), target))
	}
	return l, errors.Join(errs...)
}

// parsePositive parses a number from 1 to a million; empty leaves target unchanged.
func parsePositive(name, text string, target *int) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1_000_000 {
		return fmt.Errorf("invalid %s %q: set it to a number from 1 to 1000000", name, text)
	}
	*target = n
	return nil
}

// parseDuration parses a duration of a millisecond to a day; empty leaves target unchanged.
func parseDuration(name, text string, target *time.Duration) error {
	if text == "" {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Millisecond || d > 24*time.Hour {
		return fmt.Errorf("invalid %s %q: set it to a duration from 1ms to 24h, such as 30s", name,
			text)
	}
	*target = d
	return nil
}

// apply sets the limits of the database.
func (l limitSettings) apply(o *postgres.Options) {
	o.MaxConns, o.SystemConns, o.BulkConns = l.connections, l.systemConnections, l.bulkConnections
	o.StatementTimeout, o.ConnectionWait, o.BulkWait = l.statementTimeout, l.connectionWait,
		l.bulkWait
}
