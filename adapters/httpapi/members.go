package httpapi

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// memberBody is a member of a tenant.
type memberBody struct {
	UserID    string     `json:"user_id" format:"uuid"`
	Email     string     `json:"email"`
	Name      string     `json:"name"`
	Role      memberRole `json:"role"`
	CreatedAt timestamp  `json:"created_at" doc:"when the user became a member"`
}

// memberInput is the body of a PUT of a member.
type memberInput struct {
	Role memberRole `json:"role"`
}

// memberRoutes returns the routes for the members of a tenant. Only users are members:
// a key belongs to its tenant and has its role.
func (a *api) memberRoutes() []operation {
	const all, one = tenantRoot + "/members", tenantRoot + "/members/{user_id}"
	member := goType[memberBody]()
	return []operation{{
		id: "listMembers", method: http.MethodGet, path: all, tag: "members",
		summary: "List the members of a tenant",
		access:  managesTenant, needs: tenancy.MemberRead,
		params: slices.Concat([]parameter{personSearchParam}, pageParams),
		response: response{status: http.StatusOK, doc: "One page, sorted by user id.",
			schema: goType[page[memberBody]]()},
		handle: a.listMembers,
	}, {
		id: "getMember", method: http.MethodGet, path: one, tag: "members",
		summary: "Get a member of a tenant, by the user's id",
		access:  managesTenant, needs: tenancy.MemberRead,
		codes:    []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusOK, doc: "The member.", schema: member},
		handle:   a.getMember,
	}, {
		id: "putMember", method: http.MethodPut, path: one, tag: "members",
		summary: "Give a member another role; a super-admin also adds a user, others invite them",
		access:  managesTenant, needs: tenancy.MemberWrite, body: jsonBody[memberInput](),
		response: response{status: http.StatusOK,
			doc: "The existing member with the given role.", schema: member},
		moreResponses: []response{{status: http.StatusCreated,
			doc: "A new member; only a super-admin adds one.", schema: member,
			headers: []string{"Location"}}},
		codes: []tenancy.Code{tenancy.CodeNotFound, tenancy.CodeLastAdmin,
			tenancy.CodeInvalidState},
		handle: a.putMember,
	}, {
		id: "removeMember", method: http.MethodDelete, path: one, tag: "members",
		summary: "Remove a member from a tenant",
		access:  managesTenant, needs: tenancy.MemberWrite,
		codes:    []tenancy.Code{tenancy.CodeNotFound, tenancy.CodeLastAdmin},
		response: response{status: http.StatusNoContent, doc: "The user is no longer a member."},
		handle:   a.removeMember,
	}}
}

func showMember(m admin.Member) memberBody {
	return memberBody{UserID: m.User, Email: m.Email, Name: m.Name, Role: memberRole(m.Role),
		CreatedAt: timestamp(m.CreatedAt)}
}

// listMembers writes one page of the members. The sort key is the user's id.
func (a *api) listMembers(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list members")
	if err != nil {
		return err
	}
	search, err := c.query.Search()
	if err != nil {
		return err
	}
	list := func(after string, limit int) ([]admin.Member, error) {
		return a.admin.ListMembers(c.Context(), c.principal, c.PathValue(resolve.PathValue),
			admin.UserList{Search: search, After: after, Limit: limit})
	}
	id := func(m admin.Member) string { return m.User }
	return writeList(w, l, id, showMember, list)
}

func (a *api) getMember(w http.ResponseWriter, c *call) error {
	m, err := a.admin.GetMember(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("user_id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, showMember(m))
}

// putMember gives a member of the tenant another role, or adds one for a super-admin. The
// status is 201 for a new member and 200 for an existing one.
func (a *api) putMember(w http.ResponseWriter, c *call) error {
	var in memberInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	m, created, err := a.admin.PutMember(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("user_id"), tenancy.Role(in.Role))
	if err != nil {
		return err
	}
	if !created {
		return writeJSON(w, http.StatusOK, showMember(m))
	}
	w.Header().Set("Location", a.prefix+apiRoot+"tenants/"+m.Tenant.String()+"/members/"+m.User)
	return writeJSON(w, http.StatusCreated, showMember(m))
}

// removeMember removes a membership. The use case refuses to remove the last admin.
func (a *api) removeMember(w http.ResponseWriter, c *call) error {
	if err := a.admin.RemoveMember(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("user_id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
