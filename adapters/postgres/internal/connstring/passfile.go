package connstring

import (
	"cmp"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// readPasswords sets the hosts' passwords: the connection string's or, if it has none, that of
// the password file (PostgreSQL manual, "The Password File").
func (p params) readPasswords(c *Config) error {
	lines, err := p.passwordLines()
	for i := range c.Hosts {
		c.Hosts[i].Password = p["password"]
		if p["password"] != "" {
			continue
		}
		if err != nil {
			return err
		}
		host, port := fileHost(c.Hosts[i])
		c.Hosts[i].Password = findPassword(lines, host, port, c.Database, c.User)
	}
	return nil
}

// fileHost returns the name and the port under which the password file has a host.
func fileHost(h Host) (host, port string) {
	if h.Network == "unix" {
		dir, file := filepath.Split(h.Addr)
		host, port = filepath.Clean(dir), strings.TrimPrefix(filepath.Ext(file), ".")
	} else {
		_, port, _ = net.SplitHostPort(h.Addr)
		host = h.name
	}
	if host == "/tmp" || host == "/var/run/postgresql" { // libpq's default directories
		host = "localhost"
	}
	return host, port
}

// passwordLines returns the lines of the password file. The default file may be missing, and is
// ignored if others can read it.
func (p params) passwordLines() ([]string, error) {
	file, named := p["passfile"], p["passfile"] != ""
	if !named {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil
		}
		file = filepath.Join(home, ".pgpass")
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		if named && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("the password file can't be read")
		}
		return nil, nil
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		if named {
			return nil, errors.New("others can read the password file: chmod it to 0600")
		}
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New("the password file can't be read")
	}
	return strings.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n"), nil
}

// findPassword returns the password of the first line that matches. A line has five fields,
// separated by colons, and an asterisk matches everything.
func findPassword(lines []string, host, port, database, user string) string {
	wanted := []string{cmp.Or(host, "localhost"), port, database, user}
	for _, line := range lines {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rest, matches := line, true
		for _, want := range wanted {
			var field string
			var found bool
			field, rest, found = cutField(rest)
			if !found || field != "*" && field != want {
				matches = false
				break
			}
		}
		if matches {
			password, _, _ := cutField(rest)
			return password
		}
	}
	return ""
}

// cutField reads a field up to its colon. A backslash quotes the next character.
func cutField(line string) (field, rest string, found bool) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case line[i] == ':':
			return b.String(), line[i+1:], true
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String(), "", false
}
