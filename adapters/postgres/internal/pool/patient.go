package pool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
)

const (
	minConnectWait = 10 * time.Millisecond // between two attempts; doubled after each
	maxConnectWait = 500 * time.Millisecond
)

// patientConnector waits while the server has no free connection. A pool that has connections
// becomes as small as their number instead, so that its callers wait for one of them: they
// would otherwise wait for the server while others use what the pool has.
type patientConnector struct {
	driver.Connector
	wait       time.Duration // the longest time to wait for the server
	db         *sql.DB
	connecting atomic.Int64 // calls of Connect in progress

	mu   sync.Mutex // guards size, and keeps it and the pool's size equal
	size int
}

// openPatient returns a pool of c's connections.
func openPatient(c driver.Connector, wait time.Duration, size int) *patientConnector {
	p := &patientConnector{Connector: c, wait: wait}
	p.db = sql.OpenDB(p)
	p.db.SetConnMaxIdleTime(maxIdleTime(wait))
	p.resize(size)
	return p
}

// maxIdleTime is how long a connection is kept without work, when a statement waits this long
// for one. Another instance that waits for the server can then have it before it gives up:
// database/sql looks for idle connections as often.
func maxIdleTime(wait time.Duration) time.Duration {
	return min(max(time.Second, wait/3), 10*time.Second)
}

// resize sets the maximum number of connections.
func (c *patientConnector) resize(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size == size {
		return
	}
	c.size = size
	c.db.SetMaxOpenConns(size)
	c.db.SetMaxIdleConns(size)
}

// Connect returns [driver.ErrBadConn] after the pool became smaller: database/sql then waits
// for a connection that the pool has.
func (c *patientConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.connecting.Add(1)
	defer c.connecting.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	for wait := minConnectWait; ; wait = min(2*wait, maxConnectWait) {
		opened, err := c.Connector.Connect(ctx)
		if pgerr.State(err) != pgerr.StateTooManyConnections {
			return opened, err
		}
		if open := c.db.Stats().OpenConnections - int(c.connecting.Load()); open > 0 {
			c.resize(open)
			return nil, driver.ErrBadConn
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}
