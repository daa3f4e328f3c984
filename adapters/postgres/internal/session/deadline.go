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
	grace         = 5 * time.Second // that the network has beyond a statement's deadline
	longest       = 24 * time.Hour  // statement_timeout holds little more
	stateCanceled = "57014"         // query_canceled: by a CancelRequest or by statement_timeout
)

// patience is how long a statement may take.
type patience struct {
	time.Duration
	isServers bool // as it is what sessions begin with
}

// patience is until the context's deadline, or the default without one. A
// context that has ended is an error.
func (c *Connector) patience(ctx context.Context) (patience, error) {
	if err := ctx.Err(); err != nil {
		return patience{}, err
	}
	p := patience{Duration: c.config.Timeout}
	if deadline, ok := ctx.Deadline(); ok {
		if p.Duration = time.Until(deadline); p.Duration <= 0 {
			return patience{}, context.DeadlineExceeded
		}
	}
	p.Duration = min(p.Duration, longest)
	p.isServers = p.Duration == time.Duration(c.begins.Load())
	return p, nil
}

// local is the statement that has the server keep the deadline. It is a
// millisecond late: what ends first should be the context.
func (p patience) local() string {
	return "SET LOCAL statement_timeout=" + strconv.FormatInt(p.Milliseconds()+1, 10) + ";"
}

// exchange is one that the server is to answer.
type exchange struct {
	ctx  context.Context
	conn *conn
	stop func() bool
}

func (c *conn) exchange(ctx context.Context, wait patience) exchange {
	c.wire.limit(wait.Duration + grace)
	return exchange{ctx: ctx, conn: c, stop: Watch(ctx, c.inner)}
}

// end answers the exchange's error: the context's if that ended it. What was
// stopped leaves nothing on the connection, which is closed.
func (e exchange) end(err error) error {
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
	if err != nil && e.late(err) {
		err = errors.Join(context.DeadlineExceeded, err)
	}
	return err
}

// late reports whether the server kept the context's deadline before the context
// did.
func (e exchange) late(err error) bool {
	deadline, ok := e.ctx.Deadline()
	if !ok || time.Until(deadline) > time.Millisecond {
		return false
	}
	failed, ok := errors.AsType[pgdriver.Error](err)
	return ok && failed.Field('C') == stateCanceled
}
