package session

import (
	"context"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The setting bailiwick.by says for whom a message or a transaction writes: byLibrary, or
// the beginning of an audit log entry (actor, request, reason) in JSON. The database records
// a host's writes with it (bailiwick.audit_rows), and takes the actor of a host's own entries
// from it (bailiwick.log). [check] refuses every statement that sets it.
const (
	authorSetting = "bailiwick.by"
	byLibrary     = "library"
)

// SetByLibrary is the statement that marks a transaction as the library's, for connections
// that no [Connector] opened.
const SetByLibrary = "SET LOCAL " + authorSetting + "='" + byLibrary + "'"

type byLibraryKey struct{}

// ByLibrary marks ctx: what begins with it is the library's own work, which writes its own
// entries to the audit log.
func ByLibrary(ctx context.Context) context.Context {
	return context.WithValue(ctx, byLibraryKey{}, true)
}

// setAuthor returns the statement that names the author of what ctx begins, with a semicolon.
func setAuthor(ctx context.Context) (string, error) {
	if ctx.Value(byLibraryKey{}) != nil {
		return SetByLibrary + ";", nil
	}
	text, err := tenancy.Event{Action: "rows"}.Text(ctx)
	if err != nil {
		return "", err
	}
	return "SET LOCAL " + authorSetting + "='" + strings.ReplaceAll(string(text), "'", "''") + "';", nil
}
