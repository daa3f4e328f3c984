package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

const (
	defaultStartWait = 30 * time.Second
	startWaitPause   = 500 * time.Millisecond
	startWaitMessage = 5 * time.Second // between two messages
)

// waitForDatabase waits until the server takes sessions, up to [Options].StartWait. It returns at
// once when the server refuses the login: waiting mends only a server that is down or starts.
func waitForDatabase(
	ctx context.Context, url string, limit time.Duration, logger *slog.Logger,
) error {
	connector, err := pool.NewConnector(url, pool.DefaultTimeout)
	if err != nil {
		return err
	}
	begun, told := time.Now(), time.Time{}
	for {
		conn, err := connector.Connect(ctx)
		if err == nil {
			return conn.Close()
		}
		if !isDown(err) || ctx.Err() != nil {
			return pgerr.Translate(err)
		}
		if waited := time.Since(begun); waited >= limit {
			return pgerr.Translate(fmt.Errorf("the database can't be reached after %s: %w",
				waited.Round(time.Second), err))
		}
		if time.Since(told) >= startWaitMessage {
			told = time.Now()
			logger.WarnContext(ctx, "the database can't be reached; waiting for it",
				"at_most", (limit - time.Since(begun)).Round(time.Second).String(), "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(startWaitPause):
		}
	}
}

// isDown reports whether an attempt to connect failed because the server is down, starts or stops.
func isDown(err error) bool {
	switch pgerr.State(err) {
	case pgerr.StateCannotConnectNow, pgerr.StateAdminShutdown, pgerr.StateCrashShutdown:
		return true
	case "":
	default:
		return false
	}
	_, failed := errors.AsType[*net.OpError](err)
	return failed || pgerr.IsConnectionEnd(err)
}
