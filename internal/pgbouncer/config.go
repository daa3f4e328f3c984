package pgbouncer

import (
	"fmt"
	"net/url"
	"strings"
)

// config returns pgbouncer.ini. Clients send their passwords in clear text, over the loopback
// interface: SCRAM's thousands of hash rounds for each new connection would stall the single thread
// that serves all clients.
func config(server *url.URL, port int, users string) string {
	serverPort := server.Port()
	if serverPort == "" {
		serverPort = "5432"
	}
	return fmt.Sprintf(`[databases]
* = host='%s' port=%s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
pool_mode = transaction
default_pool_size = %d
max_client_conn = 500
auth_type = plain
auth_file = %s
server_tls_sslmode = prefer
server_reset_query =
server_login_retry = 1
query_wait_timeout = 60
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`, server.Hostname(), serverPort, port, ServerConns, users)
}

// userList returns the auth_file: the users of urls with their passwords, which PgBouncer both
// requires from clients and sends to the server.
func userList(urls []*url.URL) string {
	var b strings.Builder
	for _, u := range urls {
		password, _ := u.User.Password()
		fmt.Fprintf(&b, "%s %s\n", quoted(u.User.Username()), quoted(password))
	}
	return b.String()
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
