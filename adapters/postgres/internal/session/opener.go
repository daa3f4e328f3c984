package session

import (
	"context"
	"database/sql/driver"
	"errors"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/connstring"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Opener opens plain pgdriver connections, unscoped, whose statements [Watch] can cancel and
// whose settings are pinned (see [Pins]). It tries the servers of a connection string as libpq
// does. [NewConnector] scopes its connections.
type Opener struct {
	hosts   []host
	target  connstring.Target
	shuffle bool
	pins    Pins
	schema  string // with which the connection string's search_path must begin; empty: any
}

// host is one server, with the ways to encrypt the connection in the order of their trial.
type host struct {
	attempts []*pgdriver.Connector
	secured  []bool // for each attempt: whether it may be encrypted
}

// OpenerConfig configures an [Opener].
type OpenerConfig struct {
	connstring.Config
	ApplicationName string
	Timeout         time.Duration // of a read or a write
	BufferSize      int
	Pins            Pins

	// Schema is that of the tables: search_path is pinned to it. Empty: no statement depends on it.
	Schema string
}

// NewOpener returns an opener for a connection string.
func NewOpener(c OpenerConfig) *Opener {
	pins := maps.Clone(c.Pins)
	if c.Schema != "" {
		pins["search_path"] = quoteSchema(c.Schema)
	}
	settings, pins := settingsFor(c.Options, pins)
	o := &Opener{target: c.Target, shuffle: c.Shuffle, pins: pins}
	if _, pinned := pins["search_path"]; !pinned {
		o.schema = c.Schema
	}
	for _, server := range c.Hosts {
		var h host
		for _, encryption := range server.Encryption {
			inner := pgdriver.NewConnector(
				pgdriver.WithNetwork(server.Network), pgdriver.WithAddr(server.Addr),
				pgdriver.WithUser(c.User), pgdriver.WithPassword(server.Password),
				pgdriver.WithDatabase(c.Database), pgdriver.WithDialTimeout(c.ConnectTimeout),
				pgdriver.WithReadTimeout(c.Timeout), pgdriver.WithWriteTimeout(c.Timeout),
				pgdriver.WithBufferSize(c.BufferSize),
				pgdriver.WithApplicationName(c.ApplicationName),
				pgdriver.WithTLSConfig(nil))
			dialer := &net.Dialer{Timeout: c.ConnectTimeout, KeepAliveConfig: c.KeepAlive}
			inner.Config().Dialer = dialer.DialContext
			wrapDialer(inner, encryption, settings)
			h.attempts = append(h.attempts, inner)
			h.secured = append(h.secured, encryption.TLS != nil)
		}
		o.hosts = append(o.hosts, h)
	}
	return o
}

// SingleOpener returns an opener that uses one connector, with the connector's TLS. It pins
// nothing.
func SingleOpener(inner *pgdriver.Connector) *Opener {
	encryption := connstring.Encryption{TLS: inner.Config().TLSConfig}
	wrapDialer(inner, encryption, startupSettings)
	return &Opener{target: connstring.Any, hosts: []host{
		{attempts: []*pgdriver.Connector{inner}, secured: []bool{encryption.TLS != nil}},
	}}
}

// withoutReadTimeout is for a connector whose statements set a limit each.
func (o *Opener) withoutReadTimeout() {
	for _, h := range o.hosts {
		for _, a := range h.attempts {
			a.Config().ReadTimeout = 0
		}
	}
}

// Connect opens a connection to the first server that answers and that is of the wanted kind.
// It is a [pgdriver.Conn].
func (o *Opener) Connect(ctx context.Context) (driver.Conn, error) {
	if o.target != connstring.PreferStandby {
		return o.connect(ctx, o.target)
	}
	if found, err := o.connect(ctx, connstring.Standby); err == nil {
		return found, nil
	}
	return o.connect(ctx, connstring.Any)
}

func (o *Opener) connect(ctx context.Context, target connstring.Target) (driver.Conn, error) {
	hosts := o.hosts
	if o.shuffle {
		hosts = slices.Clone(hosts)
		rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	}
	var errs []error
	for _, h := range hosts {
		conn, err := h.connect(ctx)
		if err == nil {
			if err = o.begin(ctx, conn, target); err == nil {
				return conn, nil
			}
			_ = conn.Close()
		}
		errs = append(errs, err)
		if !triesNextHost(err) || ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// connect starts a session, with or without TLS as the connection string allows.
func (h host) connect(ctx context.Context) (conn *pgdriver.Conn, err error) {
	for i, attempt := range h.attempts {
		var opened driver.Conn
		if opened, err = attempt.Connect(ctx); err == nil {
			return opened.(*pgdriver.Conn), nil
		}
		if !triesOtherEncryption(err, h.secured[i]) {
			return nil, err
		}
	}
	return nil, err
}

const (
	stateInvalidAuthorization = "28000" // pg_hba.conf has no entry for this encryption
	stateCannotConnectNow     = "57P03" // the server starts, stops or recovers
)

// triesOtherEncryption reports whether a server may accept the same login with TLS instead of
// without, or the reverse. A wrong password is no reason: it would be sent twice.
func triesOtherEncryption(err error, secured bool) bool {
	if failed, ok := errors.AsType[pgdriver.Error](err); ok {
		return failed.Field('C') == stateInvalidAuthorization
	}
	_, failedTLS := errors.AsType[*tlsError](err)
	return secured && failedTLS
}

var errOtherTarget = tenancy.Errorf(tenancy.CodeUnavailable,
	"the server isn't of the kind that target_session_attrs asks for")

// triesNextHost reports whether the next host may answer better: the server can't be reached,
// doesn't take sessions now or is of another kind.
func triesNextHost(err error) bool {
	failed, ok := errors.AsType[pgdriver.Error](err)
	return !ok || failed.Field('C') == stateCannotConnectNow
}

// begin pins the settings of a new session, and checks the kind of its server.
func (o *Opener) begin(ctx context.Context, conn *pgdriver.Conn, target connstring.Target) error {
	w := wireOf(conn)
	if target != connstring.Any {
		standby, readOnly, err := serverKind(ctx, conn)
		if err != nil {
			return err
		}
		if !suits(target, standby, readOnly) {
			return errOtherTarget
		}
	}
	if err := checkSearchPath(ctx, conn, o.schema); err != nil {
		return err
	}
	if err := w.pin(ctx, conn, o.pins); err != nil {
		return err
	}
	w.until.Store(0)
	return nil
}

// serverKind asks for what target_session_attrs is about.
func serverKind(ctx context.Context, conn *pgdriver.Conn) (standby, readOnly bool, err error) {
	found, err := queryRow(ctx, conn,
		"SELECT pg_catalog.pg_is_in_recovery()::int::text,"+
			" (pg_catalog.current_setting('default_transaction_read_only'))")
	if err != nil || len(found) != 2 {
		return false, false, err
	}
	return found[0] == "1", found[1] == "on", nil
}

func suits(target connstring.Target, standby, readOnly bool) bool {
	switch target {
	case connstring.ReadWrite:
		return !standby && !readOnly
	case connstring.ReadOnly:
		return standby || readOnly
	case connstring.Primary:
		return !standby
	case connstring.Standby:
		return standby
	}
	return true
}

// Driver returns pgdriver's driver.
func (o *Opener) Driver() driver.Driver { return o.hosts[0].attempts[0].Driver() }
