package connstring

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says where and how to connect.
type Config struct {
	Hosts    []Host // in the order in which they are tried
	User     string
	Database string
	Options  string // for the server: the parameter options of the startup message

	// Target is the kind of server that is wanted, as libpq's target_session_attrs.
	Target Target

	// Shuffle tries the hosts in random order.
	Shuffle bool

	// ConnectTimeout limits the attempt to reach one host; 0 is no limit.
	ConnectTimeout time.Duration

	KeepAlive net.KeepAliveConfig
}

// Host is one server.
type Host struct {
	Network  string // tcp or unix
	Addr     string
	Password string

	name string // under which the password file has a host that isn't a socket

	// Encryption are the ways to encrypt the connection, in the order in which they are tried.
	Encryption []Encryption
}

// Target is the kind of server that is wanted.
type Target string

// The values of Target.
const (
	Any           Target = "any"
	ReadWrite     Target = "read-write"
	ReadOnly      Target = "read-only"
	Primary       Target = "primary"
	Standby       Target = "standby"
	PreferStandby Target = "prefer-standby"
)

const (
	defaultPort           = "5432"
	defaultConnectTimeout = 5 * time.Second
	minConnectTimeout     = 2 * time.Second // as libpq
)

// variables are the environment variables that stand in for a parameter. The password isn't
// among them, since one process logs in as several users.
var variables = map[string]string{
	"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE",
	"passfile": "PGPASSFILE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
}

// Parse reads a connection string. Its error says what is wrong and contains no value of the
// string.
func Parse(text string) (Config, error) {
	p, err := parse(text)
	if err != nil {
		return Config{}, err
	}
	for keyword, variable := range variables {
		if p[keyword] == "" && (keyword != "host" || p[socketFile]+p["hostaddr"] == "") {
			p[keyword] = os.Getenv(variable)
		}
	}
	if err := p.check(); err != nil {
		return Config{}, err
	}
	return p.config()
}

// check refuses values that can't be met, and values that aren't known.
func (p params) check() error {
	for keyword, value := range p {
		if value == "" {
			continue
		}
		if refusal := refusals[keyword][value]; refusal != "" {
			return errors.New(refusal)
		}
		allowed := append(slices.Clone(choices[keyword]), harmless[keyword]...)
		if len(allowed) > 0 && !slices.Contains(allowed, value) {
			return fmt.Errorf("%s isn't one of %s", keyword, strings.Join(allowed, ", "))
		}
	}
	return nil
}

func (p params) config() (c Config, err error) {
	if p["user"] == "" {
		return c, errors.New("it names no user")
	}
	c = Config{
		User: p["user"], Database: cmp.Or(p["dbname"], p["user"]), Options: p["options"],
		Target:  Target(cmp.Or(p["target_session_attrs"], string(Any))),
		Shuffle: p["load_balance_hosts"] == "random", ConnectTimeout: defaultConnectTimeout,
	}
	if err := p.readTimes(&c); err != nil {
		return c, err
	}
	if err := p.readServers(&c); err != nil {
		return c, err
	}
	return c, p.readPasswords(&c)
}

// readTimes reads how long to wait for a host, and how to notice that it has gone.
func (p params) readTimes(c *Config) error {
	numbers := map[string]int{}
	for _, keyword := range []string{"connect_timeout", "keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout"} {
		if p[keyword] == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(p[keyword]))
		if err != nil || n > 1<<30 {
			return fmt.Errorf("%s isn't a number", keyword)
		}
		numbers[keyword] = n
	}
	if seconds, ok := numbers["connect_timeout"]; ok {
		c.ConnectTimeout = max(time.Duration(seconds)*time.Second, minConnectTimeout)
		if seconds <= 0 {
			c.ConnectTimeout = 0
		}
	}
	seconds := func(keyword string) time.Duration {
		return time.Duration(max(numbers[keyword], 0)) * time.Second // 0: the system's default
	}
	c.KeepAlive = net.KeepAliveConfig{
		Enable: p["keepalives"] != "0", Idle: seconds("keepalives_idle"),
		Interval: seconds("keepalives_interval"), Count: max(numbers["keepalives_count"], 0),
	}
	return nil
}

// readServers reads the lists of hosts, addresses and ports.
func (p params) readServers(c *Config) error {
	if p[socketFile] != "" {
		c.Hosts = []Host{{Network: "unix", Addr: p[socketFile], Encryption: []Encryption{{}}}}
		return nil
	}
	names, addresses := list(p["host"]), list(p["hostaddr"])
	n := max(len(names), len(addresses), 1)
	ports := list(p["port"])
	if len(names) > 0 && len(addresses) > 0 && len(names) != len(addresses) ||
		len(ports) > 1 && len(ports) != n {
		return errors.New("the lists of hosts, of their addresses and of their ports have" +
			" different lengths")
	}
	for i := range n {
		port := cmp.Or(at(ports, i), defaultPort)
		if len(ports) == 1 {
			port = cmp.Or(ports[0], defaultPort)
		}
		if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 {
			return errors.New("a port isn't a number from 1 to 65535")
		}
		host, err := p.host(at(names, i), at(addresses, i), port)
		if err != nil {
			return err
		}
		c.Hosts = append(c.Hosts, host)
	}
	return nil
}

// list splits a list at its commas. An empty text is an empty list.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// host returns the host of this name or address. A name that begins with a slash is the
// directory of a socket.
func (p params) host(name, address, port string) (Host, error) {
	if address == "" && (strings.HasPrefix(name, "/") || strings.HasPrefix(name, "@")) {
		socket := filepath.Join(name, ".s.PGSQL."+port)
		if strings.HasPrefix(filepath.Base(name), ".s.PGSQL.") {
			socket = name // some drivers want the socket itself
		}
		return Host{Network: "unix", Addr: socket, Encryption: []Encryption{{}}}, nil
	}
	if address != "" && net.ParseIP(address) == nil {
		return Host{}, errors.New("hostaddr isn't an IP address")
	}
	name = cmp.Or(name, address, "localhost")
	encryption, err := p.encryption(name)
	return Host{
		Network: "tcp", Addr: net.JoinHostPort(cmp.Or(address, name), port), name: name,
		Encryption: encryption,
	}, err
}
