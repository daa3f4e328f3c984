package session

import (
	"context"
	"database/sql/driver"

	"github.com/uptrace/bun/driver/pgdriver"
)

// RawConnector opens pgdriver's own connections, unscoped, whose statements
// [Watch] can stop: COPY needs such.
type RawConnector struct{ inner *pgdriver.Connector }

// NewRawConnector wraps a connector.
func NewRawConnector(inner *pgdriver.Connector) *RawConnector {
	wrapDialer(inner)
	return &RawConnector{inner}
}

// Connect opens a connection, a [pgdriver.Conn].
func (c *RawConnector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	wireOf(opened.(*pgdriver.Conn)).until.Store(0)
	return opened, nil
}

// Driver is pgdriver's.
func (c *RawConnector) Driver() driver.Driver { return c.inner.Driver() }
