package connstring

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// params are the parameters of a connection string by their keyword. Those of the URL's first
// part are stored as libpq does: host, port, user, password and dbname.
type params map[string]string

var (
	errSyntax = errors.New("it isn't of the form postgres://user:password@host:port/database," +
		" nor made of keyword=value pairs")
	errEscape = errors.New("a % isn't followed by two hexadecimal digits: write a % in a user," +
		" password or value as %25")
	errZero  = errors.New("it contains a zero byte")
	errPairs = errors.New("a keyword isn't followed by = and a value: put a value with spaces" +
		" into single quotes")
	errAt      = errors.New("a host contains an @: write an @ in a user or password as %40")
	errBracket = errors.New("an IPv6 address isn't of the form [::1]")
)

// parse reads the parameters. Of a keyword that appears twice the last value counts.
func parse(text string) (params, error) {
	if strings.ContainsRune(text, 0) {
		return nil, errZero
	}
	p := params{}
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			return p, p.readURL(rest)
		}
	}
	if rest, ok := strings.CutPrefix(text, "unix://"); ok {
		return p, p.readSocketURL(rest)
	}
	if !strings.Contains(text, "=") || strings.Contains(text, "://") && !startsWithKeyword(text) {
		return nil, errSyntax
	}
	return p, p.readPairs(text)
}

var keywordStart = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

func startsWithKeyword(text string) bool { return keywordStart.MatchString(text) }

// readURL reads what follows the scheme: user:password@host:port,host:port/database?keyword=value.
func (p params) readURL(rest string) error {
	user, rest := cutUser(rest)
	if user != "" {
		name, password, hasPassword := strings.Cut(user, ":")
		if err := p.decode("user", name); err != nil {
			return err
		}
		if hasPassword {
			if err := p.decode("password", password); err != nil {
				return err
			}
		}
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	if err := p.readHosts(rest[:end]); err != nil {
		return err
	}
	path, query, hasQuery := strings.Cut(rest[end:], "?")
	if name := strings.TrimPrefix(path, "/"); name != "" {
		if err := p.decode("dbname", name); err != nil {
			return err
		}
	}
	if !hasQuery {
		return nil
	}
	return p.readQuery(query)
}

// cutUser splits off the user and the password. As in net/url a password may contain an @; as
// in libpq it may contain a question mark.
func cutUser(rest string) (user, after string) {
	authority := rest
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority = rest[:i]
	}
	mark := strings.IndexByte(authority, '?')
	at := strings.LastIndexByte(authority, '@')
	if mark >= 0 && at > mark {
		if before := strings.LastIndexByte(authority[:mark], '@'); before >= 0 {
			at = before
		} else {
			at = strings.IndexByte(authority, '@')
		}
	}
	if at < 0 {
		return "", rest
	}
	return rest[:at], rest[at+1:]
}

// readHosts reads a list of hosts, each with or without a port.
func (p params) readHosts(list string) error {
	if strings.Contains(list, "@") {
		return errAt
	}
	if list == "" {
		return nil
	}
	var hosts, ports []string
	for entry := range strings.SplitSeq(list, ",") {
		host, port, err := splitPort(entry)
		if err != nil {
			return err
		}
		hosts, ports = append(hosts, host), append(ports, port)
	}
	if err := p.decode("host", strings.Join(hosts, ",")); err != nil {
		return err
	}
	if strings.Trim(strings.Join(ports, ""), ",") == "" {
		return nil
	}
	return p.decode("port", strings.Join(ports, ","))
}

func splitPort(entry string) (host, port string, err error) {
	if strings.HasPrefix(entry, "[") {
		address, after, closed := strings.Cut(entry[1:], "]")
		if !closed || after != "" && after[0] != ':' || address == "" {
			return "", "", errBracket
		}
		return address, strings.TrimPrefix(after, ":"), nil
	}
	host, port, _ = strings.Cut(entry, ":")
	if strings.Contains(port, ":") {
		return "", "", errBracket
	}
	return host, port, nil
}

// readQuery reads keyword=value pairs. Unlike in a form a plus is a plus.
func (p params) readQuery(query string) error {
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		keyword, value, found := strings.Cut(pair, "=")
		keyword, err := url.PathUnescape(keyword)
		if err != nil || !found {
			return errors.New("a parameter after the question mark isn't of the form keyword=value")
		}
		if keyword == "ssl" && value == "true" { // as JDBC has it; libpq takes it too
			keyword, value = "sslmode", "require"
		}
		if err := checkKeyword(keyword); err != nil {
			return err
		}
		if err := p.decode(keyword, value); err != nil {
			return err
		}
	}
	return nil
}

// readSocketURL reads unix://user:password@database/path/of/the/socket, which libpq doesn't
// know.
func (p params) readSocketURL(rest string) error {
	user, rest := cutUser(rest)
	name, password, _ := strings.Cut(user, ":")
	address, query, _ := strings.Cut(rest, "?")
	database, socket, found := strings.Cut(address, "/")
	if !found || socket == "" {
		return errors.New("a URL with unix:// needs the path of a socket")
	}
	for keyword, value := range map[string]string{
		"user": name, "password": password, "dbname": database, socketFile: "/" + socket,
	} {
		if err := p.decode(keyword, value); err != nil {
			return err
		}
	}
	return p.readQuery(query)
}

// decode stores a percent-encoded value.
func (p params) decode(keyword, value string) error {
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return errEscape
	}
	if strings.ContainsRune(decoded, 0) {
		return errZero
	}
	p[keyword] = decoded
	return nil
}

// readPairs reads keyword=value pairs that are separated by spaces.
func (p params) readPairs(text string) error {
	for {
		text = strings.TrimLeft(text, spaces)
		if text == "" {
			return nil
		}
		keyword, rest, found := strings.Cut(text, "=")
		if !found {
			return errPairs
		}
		keyword = strings.TrimRight(keyword, spaces)
		if strings.ContainsAny(keyword, spaces) {
			return errPairs
		}
		if err := checkKeyword(keyword); err != nil {
			return err
		}
		var err error
		if p[keyword], text, err = cutValue(strings.TrimLeft(rest, spaces)); err != nil {
			return err
		}
	}
}

const spaces = " \t\n\r\f\v"

// cutValue reads a value, which may be in single quotes. A backslash quotes the next character.
func cutValue(text string) (value, rest string, err error) {
	text, quoted := strings.CutPrefix(text, "'")
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			if i++; i == len(text) {
				return b.String(), "", nil
			}
			b.WriteByte(text[i])
		case quoted && c == '\'':
			return b.String(), text[i+1:], nil
		case !quoted && strings.IndexByte(spaces, c) >= 0:
			return b.String(), text[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return "", "", errors.New("a quoted value has no closing quote")
	}
	return b.String(), "", nil
}

var plainKeyword = regexp.MustCompile(`^[A-Za-z_.]{1,40}$`)

// checkKeyword refuses an unknown keyword by its name, if it looks like one: it may be a piece
// of a password.
func checkKeyword(keyword string) error {
	switch {
	case slices.Contains(known, keyword):
		return nil
	case unsupported[keyword] != "":
		return fmt.Errorf("the parameter %s isn't supported: %s", keyword, unsupported[keyword])
	case !plainKeyword.MatchString(keyword):
		return errors.New("it has an unknown parameter")
	}
	return fmt.Errorf("unknown parameter %s: a setting of the server goes into options,"+
		" as options=-c%%20name%%3Dvalue", keyword)
}
