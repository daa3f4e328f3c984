package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// oneOf describes a text that has one of the values. The models have the lists: a struct
// tag would be a second one.
func oneOf[T ~string](values []T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

// oneOfByDefault is oneOf for a text that may be absent, which means the first value.
func oneOfByDefault[T ~string](values []T) *huma.Schema {
	s := oneOf(values)
	s.Default = string(values[0])
	return s
}

// The types of texts in bodies that have one of several values. Those of a model are
// described by the alias that registerEnums gives them.
type (
	anyRole       tenancy.Role
	anyState      tenancy.State
	anyOutcome    tenancy.Outcome
	memberRole    tenancy.Role  // a role that a person can have
	settableState tenancy.State // a state that a change of a tenant may have
)

func (anyRole) Schema(huma.Registry) *huma.Schema       { return oneOf(tenancy.Roles()) }
func (anyState) Schema(huma.Registry) *huma.Schema      { return oneOf(tenancy.States()) }
func (anyOutcome) Schema(huma.Registry) *huma.Schema    { return oneOf(tenancy.Outcomes()) }
func (memberRole) Schema(huma.Registry) *huma.Schema    { return oneOf(tenancy.MemberRoles()) }
func (settableState) Schema(huma.Registry) *huma.Schema { return oneOf(tenancy.SettableStates()) }

// registerEnums makes r describe the models' types by their values.
func registerEnums(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[tenancy.Role](), reflect.TypeFor[anyRole]())
	r.RegisterTypeAlias(reflect.TypeFor[tenancy.State](), reflect.TypeFor[anyState]())
	r.RegisterTypeAlias(reflect.TypeFor[tenancy.Outcome](), reflect.TypeFor[anyOutcome]())
}
