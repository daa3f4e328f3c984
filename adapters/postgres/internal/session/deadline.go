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
	networkGrace  = 5 * time.Second // that the network has beyond a statement's deadline
	maxTimeout    = 24 * time.Hour  // statement_timeout holds little more
	stateCanceled = "57014"         // query_canceled: by a CancelRequest or by statement_timeout
)

// timeLimit is how long a statement may take.
type timeLimit struct {
	time.Duration
	isDefault bool // as it is what sessions begin with
}

// timeLimit is until the context's deadline, or the default without one. A
// context that has ended is an error.
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

// setLocal is the statement that has the server keep the deadline. It is a
// millisecond late: what ends first should be the context.
func (p timeLimit) setLocal() string {
	return "SET LOCAL statement_timeout=" + strconv.FormatInt(p.Milliseconds()+1, 10) + ";"
}

// exchange is one that the server is to answer.
type exchange struct {
	ctx  context.Context
	conn *conn
	stop func() bool
}

func (c *conn) exchange(ctx context.Context, wait timeLimit) exchange {
	c.wire.setLimit(wait.Duration + networkGrace)
	return exchange{ctx: ctx, conn: c, stop: Watch(ctx, c.inner)}
}

// finish answers the exchange's error: the context's if that ended it. What was
// stopped leaves nothing on the connection, which is closed.
func (e exchange) finish(err error) error {
	if e.stop() {
		_ = e.conn.inner.Close()
		if err != nil {
			err = errors.Join(e.ctx.Err(), err)
		}
		return err
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		// each statement of a message has a deadline of its own there, and more may follow
		e.conn.wire.cancel()
	}
	if err != nil && e.serverTimedOut(err) {
		err = errors.Join(context.DeadlineExceeded, err)
	}
	return err
}

// serverTimedOut reports whether the server kept the context's deadline before the context
// did.
func (e exchange) serverTimedOut(err error) bool {
	deadline, ok := e.ctx.Deadline()
	if !ok || time.Until(deadline) > time.Millisecond {
		return false
	}
	failed, ok := errors.AsType[pgdriver.Error](err)
	return ok && failed.Field('C') == stateCanceled
}
