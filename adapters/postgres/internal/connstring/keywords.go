package connstring

// socketFile is the keyword for the path of a socket, which no connection string can contain.
const socketFile = "socket file"

// known are the parameters of libpq that are read.
var known = []string{
	"host", "hostaddr", "port", "dbname", "user", "password", "passfile",
	"connect_timeout", "client_encoding", "options", "application_name",
	"fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval",
	"keepalives_count", "tcp_user_timeout", "replication", "channel_binding", "gssencmode",
	"krbsrvname", "gsslib", "gssdelegation", "sslmode", "sslnegotiation", "sslcompression",
	"sslcert", "sslkey", "sslcertmode", "sslrootcert", "sslsni", "ssl_min_protocol_version",
	"ssl_max_protocol_version", "target_session_attrs", "load_balance_hosts",
	"min_protocol_version", "max_protocol_version",
}

// unsupported are parameters of libpq that can't be ignored, with what to do instead.
var unsupported = map[string]string{
	"search_path":         "set DATABASE_SCHEMA (Options.Schema) to the schema of the tables",
	"service":             "write the parameters of the service into the URL",
	"servicefile":         "write the parameters of the service into the URL",
	"sslcrl":              "certificates can't be checked against a list of revoked ones",
	"sslcrldir":           "certificates can't be checked against lists of revoked ones",
	"sslpassword":         "remove the passphrase from the key, and protect its file",
	"sslkeylogfile":       "the keys of a TLS session aren't written anywhere",
	"requirepeer":         "put the socket into a directory that only PostgreSQL's user can write",
	"require_auth":        "use sslmode=verify-full to be sure of the server",
	"requiressl":          "use sslmode=require",
	"scram_client_key":    "use a password",
	"scram_server_key":    "use a password",
	"oauth_issuer":        "use a password",
	"oauth_client_id":     "use a password",
	"oauth_client_secret": "use a password",
	"oauth_scope":         "use a password",
}

// choices are the values of parameters that have only a few. Those that aren't here are
// checked where they are used.
var choices = map[string][]string{
	"sslmode":              {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
	"sslnegotiation":       {"postgres", "direct"},
	"sslcompression":       {"0", "1"},
	"sslcertmode":          {"disable", "allow", "require"},
	"sslsni":               {"0", "1"},
	"target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
	"load_balance_hosts":   {"disable", "random"},
	"keepalives":           {"0", "1"},
	"gssdelegation":        {"0", "1"},
}

// refusals are values that libpq knows and that can't be met.
var refusals = map[string]map[string]string{
	"channel_binding": {"require": "channel binding isn't supported: leave channel_binding out, and" +
		" use sslmode=verify-full to be sure of the server"},
	"gssencmode": {"require": "GSSAPI encryption isn't supported: use gssencmode=disable, and" +
		" sslmode for encryption"},
	"min_protocol_version": {"3.2": "protocol 3.2 isn't supported: leave min_protocol_version out"},
}

// harmless are the values of parameters that ask for nothing, or for what is done anyway.
var harmless = map[string][]string{
	"channel_binding":      {"disable", "prefer"},
	"gssencmode":           {"disable", "prefer"},
	"replication":          {"false", "off", "no", "0"},
	"client_encoding":      {"UTF8", "utf8", "UTF-8", "utf-8", "auto"},
	"min_protocol_version": {"3.0", "latest"},
	"max_protocol_version": {"3.0", "3.2", "latest"},
}
