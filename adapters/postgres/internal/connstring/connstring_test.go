package connstring_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/connstring"
)

// where lists the hosts of a connection string: user:password@network:address, and the ways to
// encrypt: c clear, t TLS, o TLS if the server has it, d TLS at once.
func where(c connstring.Config) (all []string) {
	for _, h := range c.Hosts {
		var ways strings.Builder
		for _, e := range h.Encryption {
			switch {
			case e.TLS == nil:
				ways.WriteString("c")
			case e.Optional:
				ways.WriteString("o")
			case e.Direct:
				ways.WriteString("d")
			default:
				ways.WriteString("t")
			}
		}
		all = append(all, c.User+":"+h.Password+"@"+h.Network+":"+h.Addr+"/"+c.Database+" "+
			ways.String())
	}
	return all
}

func TestConnectionStringIsReadAsLibpqMeansIt(t *testing.T) {
	const local = "tcp:localhost:5432"
	for text, want := range map[string][]string{
		"postgres://u:p@h/d":                                                    {"u:p@tcp:h:5432/d oc"},
		"postgresql://u:p@h:1/d?sslmode=prefer":                                 {"u:p@tcp:h:1/d oc"},
		"postgres://u:p@h/d?sslmode=allow":                                      {"u:p@tcp:h:5432/d ct"},
		"postgres://u:p@h/d?sslmode=disable":                                    {"u:p@tcp:h:5432/d c"},
		"postgres://u:p@h/d?sslmode=require":                                    {"u:p@tcp:h:5432/d t"},
		"postgres://u:p@h/d?ssl=true":                                           {"u:p@tcp:h:5432/d t"},
		"postgres://u:p@h/d?sslmode=verify-ca":                                  {"u:p@tcp:h:5432/d t"},
		"postgres://u:p@h/d?sslmode=verify-full":                                {"u:p@tcp:h:5432/d t"},
		"postgres://u:p@h/d?sslrootcert=system":                                 {"u:p@tcp:h:5432/d t"},
		"postgres://u@h/d?sslmode=require&sslnegotiation=direct":                {"u:@tcp:h:5432/d d"},
		"postgres://u:p@h/d?channel_binding=prefer&gssencmode=disable":          {"u:p@tcp:h:5432/d oc"},
		"postgres://u:p@h/d?keepalives=1&keepalives_idle=30&keepalives_count=3": {"u:p@tcp:h:5432/d oc"},
		"postgres://u:p@a:1,b:2,c/d?sslmode=disable": {"u:p@tcp:a:1/d c", "u:p@tcp:b:2/d c",
			"u:p@tcp:c:5432/d c"},
		"postgres://u:p@[::1]:7,[2001:db8::1]/d?sslmode=disable": {"u:p@tcp:[::1]:7/d c",
			"u:p@tcp:[2001:db8::1]:5432/d c"},
		"postgres://u:p@/d?host=/var/run/postgresql": {
			"u:p@unix:/var/run/postgresql/.s.PGSQL.5432/d c"},
		"postgres://u:p@%2Ftmp:99/d":                                 {"u:p@unix:/tmp/.s.PGSQL.99/d c"},
		"postgres:///d?host=/x,h&port=1,2&user=u&sslmode=disable":    {"u:@unix:/x/.s.PGSQL.1/d c", "u:@tcp:h:2/d c"},
		"unix://u:p@d/tmp/.s.PGSQL.5432":                             {"u:p@unix:/tmp/.s.PGSQL.5432/d c"},
		"postgres://u%40x:p%2Fq%3F%20+@h/d%25":                       {"u@x:p/q? +@tcp:h:5432/d% oc"},
		"postgres://u:p@ss@h/d":                                      {"u:p@ss@tcp:h:5432/d oc"},
		"postgres://u:what?@h/d":                                     {"u:what?@tcp:h:5432/d oc"},
		"postgres://u:p@h?application_name=a@b":                      {"u:p@tcp:h:5432/u oc"},
		"postgres://u@/":                                             {"u:@" + local + "/u oc"},
		"postgres://u:p@h/d?hostaddr=10.0.0.1":                       {"u:p@tcp:10.0.0.1:5432/d oc"},
		"host=h user=u password=p dbname=d":                          {"u:p@tcp:h:5432/d oc"},
		"host = h  port='6' user='it''s'":                            nil,
		`host = h port='6' user='it\'s' password='a b\\' dbname = d`: {`it's:a b\@tcp:h:6/d oc`},
		`user=u password=a\ b host=/tmp`:                             {"u:a b@unix:/tmp/.s.PGSQL.5432/u c"},
		"user=u password='' host=h":                                  {"u:@tcp:h:5432/u oc"},
		"user=u password=https://x host=h":                           {"u:https://x@tcp:h:5432/u oc"},
	} {
		c, err := connstring.Parse(text)
		if want == nil {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, where(c), text)
	}
}

func TestOtherParametersAreRead(t *testing.T) {
	c, err := connstring.Parse("postgres://u:p@a,b/d?connect_timeout=1&target_session_attrs=read-write" +
		"&options=-c%20search_path%3Dapp&load_balance_hosts=random&keepalives_idle=7")
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, c.ConnectTimeout, "as libpq, which rounds up")
	require.Equal(t, connstring.ReadWrite, c.Target)
	require.Equal(t, "-c search_path=app", c.Options)
	require.True(t, c.Shuffle)
	require.Equal(t, 7*time.Second, c.KeepAlive.Idle)
}

func TestRefusedConnectionStringSaysWhyAndNothingOfItself(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "isn't of the form",
		"s3cret":                                "isn't of the form",
		"mysql://u:s3cret@h/d":                  "isn't of the form",
		"postgres://u:s3cret@h/d?s3cret":        "keyword=value",
		"postgres://u:s3cret@h/d?colour=s3cret": "unknown parameter colour",
		"postgres://u:s3cret@h/d?search_path=s3cret":                    "set DATABASE_SCHEMA",
		"postgres://u:s3cret@h/d?s3cret@x=1":                            "unknown parameter",
		"postgres://u:s3cret@h:s3cret/d":                                "port",
		"postgres://u:s3cret@h:0/d":                                     "port",
		"postgres://u:s3cret@h:70000/d":                                 "port",
		"postgres://u:s3cret%zz@h/d":                                    "%25",
		"postgres://u:s3cret%00@h/d":                                    "zero byte",
		"postgres://u:s3cret@[::1/d":                                    "IPv6",
		"postgres://u:s3cret@::1/d":                                     "IPv6",
		"postgres://:s3cret@h/d":                                        "no user",
		"postgres://u:s3cret@h/d?sslmode=s3cret":                        "sslmode isn't one of",
		"postgres://u:s3cret@h/d?channel_binding=require":               "channel binding isn't supported",
		"postgres://u:s3cret@h/d?gssencmode=require":                    "GSSAPI",
		"postgres://u:s3cret@h/d?require_auth=scram-sha-256":            "require_auth isn't supported",
		"postgres://u:s3cret@h/d?requirepeer=postgres":                  "requirepeer isn't supported",
		"postgres://u:s3cret@h/d?service=s3cret":                        "service isn't supported",
		"postgres://u:s3cret@h/d?sslcrl=s3cret":                         "sslcrl isn't supported",
		"postgres://u:s3cret@h/d?replication=database":                  "replication",
		"postgres://u:s3cret@h/d?client_encoding=LATIN1":                "client_encoding",
		"postgres://u:s3cret@h/d?target_session_attrs=s3cret":           "target_session_attrs",
		"postgres://u:s3cret@h/d?connect_timeout=s3cret":                "connect_timeout",
		"postgres://u:s3cret@h/d?sslrootcert=/s3cret&sslmode=verify-ca": "sslrootcert",
		"postgres://u:s3cret@h/d?sslrootcert=system&sslmode=require":    "verify-full",
		"postgres://u:s3cret@h/d?sslnegotiation=direct":                 "sslnegotiation",
		"postgres://u:s3cret@h/d?sslcert=/s3cret":                       "each other",
		"postgres://u:s3cret@h/d?sslcert=/s3cret&sslkey=/s3cret":        "sslcert",
		"postgres://u:s3cret@a,b/d?port=1,2,3":                          "lengths",
		"postgres://u:s3cret@h/d?hostaddr=s3cret":                       "hostaddr",
		"host=h user=u password='s3cret":                                "closing quote",
		"host=h user=u password=s3cret s3cret":                          "keyword",
		"host=h user=u colour=s3cret":                                   "unknown parameter colour",
	} {
		_, err := connstring.Parse(text)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "s3cret", text)
	}
}

func TestPasswordFileIsReadForTheUserAndHost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "passwords")
	content := "# comment\nother:*:*:u:wrong\nh:5432:d:u:by\\:host\n*:*:*:role:by role\n" +
		"10.0.0.1:*:*:u:by address\nlocalhost:*:*:socket:default directory\n"
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	t.Setenv("PGPASSFILE", file)
	for text, want := range map[string]string{
		"postgres://u@h/d": "by:host", "postgres://u:own@h/d": "own",
		"postgres://role@x:1/d": "by role", "postgres://u@h/e": "",
		"postgres://u@h/d?hostaddr=10.0.0.1": "by:host", "postgres://u@/d?hostaddr=10.0.0.1": "by address",
		"postgres://u@h/e?hostaddr=10.0.0.1": "", "postgres://u@10.0.0.1/d": "by address",
		"postgres://socket@/d?host=/tmp":                   "default directory",
		"postgres://socket@/d?host=/tmp&hostaddr=10.0.0.1": "default directory",
	} {
		_, password := connstring.User(text)
		require.Equal(t, want, password, text)
	}
	require.NoError(t, os.Chmod(file, 0o644))
	_, err := connstring.Parse("postgres://u@h/d")
	require.ErrorContains(t, err, "others can read")
}

func TestWithUserReplacesOnlyUserAndPassword(t *testing.T) {
	for _, text := range []string{
		"postgres://u:p@a:1,[::1]:2/d?sslmode=disable&options=-c%20a%3Db",
		"postgres:///d?user=u&password=p&host=/tmp", "unix://u:p@d/tmp/.s.PGSQL.5432",
		"host=h user=u password='p q' dbname=d", "postgres://u:p?@h/d", "unix://u?:p@d@/@tmp/@s",
		"user=u dbname=d host=", "user=u host=h dbname = d\\", "user=u dbname=d host=h password=",
		`user=u host=h dbname=d options='-c a=\'b c\' -c d=\\\\e'`,
	} {
		for _, password := range []string{`it's \ @:/?#%`, ""} {
			before, err := connstring.Parse(text)
			require.NoError(t, err, text)
			after, err := connstring.Parse(connstring.WithUser(text, "ro le'", password))
			require.NoError(t, err, text)
			require.Equal(t, "ro le'", after.User)
			for i := range before.Hosts {
				require.Equal(t, password, after.Hosts[i].Password)
				require.Equal(t, before.Hosts[i].Addr, after.Hosts[i].Addr)
			}
			require.Equal(t, before.Database, after.Database)
			require.Equal(t, before.Options, after.Options)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"postgres://u:p@h:1,[::1]:2/d?sslmode=disable", "user=u password='a\\' b' host=h",
		"unix://u:p@d/s", "postgres://u:p?@h", "postgres://%2Ftmp/d?user=u",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := connstring.Parse(text)
		if err != nil {
			if len(text) > 60 && strings.Contains(err.Error(), text) {
				t.Fatal("the error contains the string")
			}
			return
		}
		if c.User == "" || len(c.Hosts) == 0 {
			t.Fatalf("%+v", c)
		}
		other, err := connstring.Parse(connstring.WithUser(text, "other", "secret"))
		if err != nil || other.User != "other" || other.Hosts[0].Password != "secret" ||
			other.Hosts[0].Addr != c.Hosts[0].Addr {
			t.Fatalf("%v: %+v", err, other)
		}
	})
}
