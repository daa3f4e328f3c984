package admin

import (
	"encoding/json"
	"errors"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func checkLimit(limit int) error {
	if limit < 1 {
		return tenancy.Errorf(tenancy.CodeInvalid, "a list's limit is at least 1")
	}
	return nil
}

// behindID reads the id that a page begins behind: of a key, a user or an
// invitation, all of which have the form of a tenant's. "" is the first page;
// otherwise says what the error of another text says.
func behindID(after, otherwise string) (string, error) {
	if after == "" {
		return "", nil
	}
	id, err := tenancy.ParseID(after)
	if err != nil {
		return "", tenancy.Errorf(tenancy.CodeInvalidCursor, "%s", otherwise)
	}
	return id.String(), nil
}

// at says in err's details that it is about the member of the input that path
// names.
func at(path string, err error) error {
	e, ok := errors.AsType[*tenancy.Error](err)
	if !ok {
		return err
	}
	placed := *e
	placed.Details = []tenancy.Detail{{Path: path, Code: e.Code, Detail: e.Message}}
	if len(e.Details) > 0 {
		placed.Details = nil
	}
	for _, d := range e.Details {
		d.Path = path + d.Path
		placed.Details = append(placed.Details, d)
	}
	return &placed
}

func checkName(name string) error {
	if err := tenancy.CheckName(name); err != nil {
		return at("/name", err)
	}
	return nil
}

// canonicalSettings answers settings as they are stored. Nothing is {}.
func canonicalSettings(settings json.RawMessage) (json.RawMessage, error) {
	if len(settings) == 0 {
		return json.RawMessage(`{}`), nil
	}
	text, err := federation.Canonical(settings)
	if err != nil {
		return nil, at("/settings", err)
	}
	if text[0] != '{' {
		return nil, at("/settings",
			tenancy.Errorf(tenancy.CodeInvalid, "settings are a JSON object"))
	}
	return text, nil
}
