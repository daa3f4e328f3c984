package callers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestUsersAndMembersAreSearched(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	add := func(email, name, tenant string) {
		u := apitest.Decode[struct{ ID string }](t, reg.Do(t, apitest.Post("root", "/api/v1/users",
			`{"email":"`+email+`","name":"`+name+`"}`)).Want(t, 201))
		reg.Do(t, apitest.Put("root", "/api/v1/tenants/"+tenant+"/members/"+u.ID,
			`{"role":"viewer"}`)).Want(t, 201)
	}
	add("z1@example.com", "Zoë One", "acme")
	add("z2@example.com", "Zoë Two", "acme")
	add("z3@example.com", "Zoë Three", "beta")

	const users, members = "/api/v1/users", "/api/v1/tenants/acme/members"
	for _, limit := range []string{"1", "2", "9"} {
		assert.Equal(t, []string{"z1@example.com", "z2@example.com", "z3@example.com"},
			reg.Pages(t, apitest.Get("root", users+"?q=zo%C3%8B&limit="+limit), "email"))
		assert.ElementsMatch(t, []string{"z1@example.com", "z2@example.com"},
			reg.Pages(t, apitest.Get("acme-admin", members+"?q=zo%C3%AB&limit="+limit), "email"))
	}
	assert.Empty(t, reg.Pages(t, apitest.Get("acme-admin", members+"?q=z3"), "email"))
	reg.Do(t, apitest.Get("acme-viewer", members+"?q=z")).
		WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Get("acme-admin", users+"?q=z")).WantProblem(t, 403, tenancy.CodeForbidden)
	for path, who := range map[string]string{users: "root", members: "acme-admin"} {
		for _, q := range []string{strings.Repeat("x", 257), "%00"} {
			reg.Do(t, apitest.Get(who, path+"?q="+q)).WantProblem(t, 422, tenancy.CodeInvalid)
		}
	}
}
