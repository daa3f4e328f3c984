package session

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/uptrace/bun/driver/pgdriver"
)

// Lost reports whether err means that the session has ended: the server said so, or the connection
// is broken. nil doesn't.
func Lost(err error) bool {
	if failed, ok := errors.AsType[pgdriver.Error](err); ok {
		return isFatal(failed)
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return false // the statement may still run
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, broken := errors.AsType[*net.OpError](err)
	return broken || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed)
}

func isFatal(failed pgdriver.Error) bool {
	severity := failed.Field('V')
	return severity == "FATAL" || severity == "PANIC"
}

// repeatable returns [driver.ErrBadConn], for which database/sql repeats a statement on another
// connection, if the session was lost before the statement ran. Otherwise it returns err.
//
// A message begins with SET LOCAL, whose answer the server sends before anything that a later
// statement causes. If the first answer is the end of the session instead, no statement ran.
func (c *conn) repeatable(err error, s statement) error {
	if c.tx != nil || !Lost(err) {
		return err
	}
	failed, ok := errors.AsType[pgdriver.Error](err)
	unsent := ok && isFatal(failed) && s.prefixed && c.wire.firstAnswer == 'E'
	if !unsent && !s.plainRead {
		return err
	}
	_ = c.inner.Close()
	return errors.Join(driver.ErrBadConn, err)
}

// alive reports whether nothing has arrived on an idle connection: the server sends a last message
// and closes when it ends a session.
func (w *wire) alive() bool {
	opened := w.Conn
	if secured, ok := opened.(interface{ NetConn() net.Conn }); ok {
		opened = secured.NetConn()
	}
	raw, ok := opened.(syscall.Conn)
	if !ok {
		return true
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return false
	}
	alive := true
	err = control.Read(func(fd uintptr) bool {
		alive = nothingToRead(fd)
		return true // without waiting
	})
	return err == nil && alive
}
