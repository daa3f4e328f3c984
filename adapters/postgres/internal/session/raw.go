package session

import (
	"context"
	"database/sql/driver"

	"github.com/uptrace/bun/driver/pgdriver"
)

// RawConnector opens plain pgdriver connections, unscoped, whose statements [Watch] can
// cancel. COPY needs them.
type RawConnector struct{ inner *pgdriver.Connector }

// NewRawConnector wraps a connector.
func NewRawConnector(inner *pgdriver.Connector) *RawConnector {
	wrapDialer(inner)
	return &RawConnector{inner}
}

// Connect opens a connection. It is a [pgdriver.Conn].
func (c *RawConnector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	wireOf(opened.(*pgdriver.Conn)).until.Store(0)
	return opened, nil
}

// Driver returns pgdriver's driver.
func (c *RawConnector) Driver() driver.Driver { return c.inner.Driver() }
