package session

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

const (
	networkGrace  = 5 * time.Second // for the network, after a statement's deadline
	maxTimeout    = 24 * time.Hour  // statement_timeout takes at most 2^31-1 ms, 24.8 days
	stateCanceled = "57014"         // query_canceled: by CancelRequest or statement_timeout
)

// timeLimit is the time a statement may take.
type timeLimit struct {
	time.Duration
	isDefault bool // it is the statement_timeout that sessions begin with
}

// timeLimit returns the time until the context's deadline, or Config.Timeout without a
// deadline. It returns the error of a context that has ended.
func (c *Connector) timeLimit(ctx context.Context) (timeLimit, error) {
	if err := ctx.Err(); err != nil {
		return timeLimit{}, err
	}
	p := timeLimit{Duration: c.config.Timeout}
	if deadline, ok := ctx.Deadline(); ok {
		if p.Duration = time.Until(deadline); p.Duration <= 0 {
			return timeLimit{}, context.DeadlineExceeded
		}
	}
	p.Duration = min(p.Duration, maxTimeout)
	p.isDefault = p.Duration == time.Duration(c.defaultTimeout.Load())
	return p, nil
}

// setLocal returns the statement that makes the server enforce the deadline, 1 ms late so
// that the context ends first.
func (p timeLimit) setLocal() string {
	return "SET LOCAL statement_timeout=" + strconv.FormatInt(p.Milliseconds()+1, 10) + ";"
}

// exchange is one request to the server and its answer.
type exchange struct {
	ctx  context.Context
	conn *conn
	stop func() bool
}

func (c *conn) exchange(ctx context.Context, wait timeLimit) exchange {
	c.wire.setLimit(wait.Duration + networkGrace)
	return exchange{ctx: ctx, conn: c, stop: Watch(ctx, c.inner)}
}

// finish returns the exchange's error, joined to the context's if that stopped it. The
// connection of a stopped exchange is closed.
func (e exchange) finish(err error) error {
	if e.stop() {
		_ = e.conn.inner.Close()
		if err != nil {
			err = errors.Join(e.ctx.Err(), err)
		}
		return err
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		// statement_timeout applies to each statement of a message: later ones may still run
		e.conn.wire.cancel()
	}
	if err != nil && e.serverTimedOut(err) {
		err = errors.Join(context.DeadlineExceeded, err)
	}
	return err
}

// serverTimedOut reports whether the server enforced the context's deadline before the
// context ended.
func (e exchange) serverTimedOut(err error) bool {
	deadline, ok := e.ctx.Deadline()
	if !ok || time.Until(deadline) > time.Millisecond {
		return false
	}
	failed, ok := errors.AsType[pgdriver.Error](err)
	return ok && failed.Field('C') == stateCanceled
}
