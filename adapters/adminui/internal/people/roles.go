package people

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// allows says in a sentence what each role may do.
var allows = map[tenancy.Role]string{
	tenancy.Viewer: "reads and exports resources",
	tenancy.Editor: "also writes and deletes resources",
	tenancy.Admin: "also manages members, keys, imports, secrets and settings, and reads the" +
		" audit log",
	tenancy.Replicator: "reads the change feed and nothing else, for a registry that follows" +
		" this tenant",
}

// roleField returns the field that chooses one of the roles.
func roleField(roles []tenancy.Role, chosen string) view.Field {
	f := view.Field{Name: "role", Label: "Role", Type: view.SelectField, Required: true}
	for _, role := range roles {
		f.Options = append(f.Options, view.Option{Value: string(role),
			Text: string(role) + ": " + allows[role], Selected: string(role) == chosen})
	}
	return f
}

// choices returns the field of a select.
func choices(name, label, chosen string, options ...view.Option) view.Field {
	for i := range options {
		options[i].Selected = options[i].Value == chosen
	}
	return view.Field{Name: name, Label: label, Type: view.SelectField, Options: options}
}
