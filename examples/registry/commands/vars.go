package commands

import (
	"strings"

	"github.com/alecthomas/kong"

	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Vars has the values of the flags that take one of several. The models have the lists: a
// struct tag would be a second one.
func Vars() kong.Vars {
	return kong.Vars{
		"roles":            list(tenancy.Roles()),
		"member_roles":     list(tenancy.MemberRoles()),
		"member_roles_doc": tenancy.Alternatives(tenancy.MemberRoles()),
		"states":           list(tenancy.States()),
		"outcomes":         list(tenancy.Outcomes()),
		"strategies":       list(promote.Strategies()),
		"strategy":         string(promote.Strategies()[0]),
	}
}

// list returns values as kong's tag enum takes them.
func list[T ~string](values []T) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return strings.Join(names, ",")
}
