package admin

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// parseCursor parses the id after which a page begins: of a key, a user or an
// invitation, all of which have the form of a tenant's id. "" is the first page.
// what names the thing in the error of an invalid cursor.
func parseCursor(after, what string) (string, error) {
	if after == "" {
		return "", nil
	}
	id, err := tenancy.ParseID(after)
	if err != nil {
		return "", tenancy.Errorf(tenancy.CodeInvalidCursor,
			"invalid cursor: use the id of %s, the last one of the previous page", what)
	}
	return id.String(), nil
}

// parseID parses the id of a key, a user or an invitation, all of which have the form
// of a tenant's id. A malformed id is [tenancy.ErrNotFound]: nothing has it.
func parseID(id string) (tenancy.ID, error) {
	parsed, err := tenancy.ParseID(id)
	if err != nil {
		return tenancy.ID{}, tenancy.ErrNotFound
	}
	return parsed, nil
}

// checkName checks the name in an input and changes it to the form in which it is
// stored; see [tenancy.CheckName] and [federation.NormalName].
func checkName(name *string) error {
	*name = federation.NormalName(*name)
	if err := tenancy.CheckName(*name); err != nil {
		return tenancy.AtPath("/name", err)
	}
	return nil
}

// canonicalSettings returns settings in the canonical form in which they are
// stored. Empty settings become {}.
func canonicalSettings(settings json.RawMessage) (json.RawMessage, error) {
	if len(settings) == 0 {
		return json.RawMessage(`{}`), nil
	}
	text, err := federation.Canonical(settings)
	if err != nil {
		return nil, tenancy.AtPath("/settings", err)
	}
	if text[0] != '{' {
		return nil, tenancy.AtPath("/settings",
			tenancy.Errorf(tenancy.CodeInvalid, "settings must be a JSON object"))
	}
	return text, nil
}
