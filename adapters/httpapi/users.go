package httpapi

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// userBody is a user in a response to a super-admin.
type userBody struct {
	ID         string    `json:"id" format:"uuid"`
	Email      string    `json:"email"`
	Name       string    `json:"name"`
	SuperAdmin bool      `json:"super_admin"`
	CreatedAt  timestamp `json:"created_at"`
	UpdatedAt  timestamp `json:"updated_at"`
}

// userInput is the body of a request that creates a user.
type userInput struct {
	Email      string  `json:"email" doc:"ASCII; stored in lower case"`
	Name       string  `json:"name"`
	Password   *string `json:"password,omitempty" doc:"defaults to none"`
	SuperAdmin bool    `json:"super_admin,omitempty"`
}

// userChange is the body of a request that changes a user. An absent member stays
// unchanged.
type userChange struct {
	Email      *string `json:"email,omitempty" doc:"ASCII; stored in lower case"`
	Name       *string `json:"name,omitempty"`
	Password   *string `json:"password,omitempty" doc:"a new one ends the user's sessions"`
	SuperAdmin *bool   `json:"super_admin,omitempty"`
}

// userRoutes returns the routes for users. They belong to no tenant, so only super-
// admins may call them.
func (a *api) userRoutes() []operation {
	const all, one = apiRoot + "users", apiRoot + "users/{id}"
	user := goType[userBody]()
	return []operation{{
		id: "createUser", method: http.MethodPost, path: all, tag: "users",
		summary: "Create a user without a membership",
		access:  signedIn, needs: tenancy.UserManage, body: jsonBody[userInput](),
		response: response{status: http.StatusCreated, doc: "The user.", schema: user,
			headers: []string{"Location"}},
		codes:  []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeAlreadyExists},
		handle: a.createUser,
	}, {
		id: "listUsers", method: http.MethodGet, path: all, tag: "users",
		summary: "List all users, with and without memberships",
		access:  signedIn, needs: tenancy.UserManage,
		params: slices.Concat([]parameter{personSearchParam}, pageParams),
		response: response{status: http.StatusOK, doc: "One page, sorted by address.",
			schema: goType[page[userBody]]()},
		codes:  []tenancy.Code{tenancy.CodeForbidden},
		handle: a.listUsers,
	}, {
		id: "getUser", method: http.MethodGet, path: one, tag: "users", summary: "Get a user",
		access: signedIn, needs: tenancy.UserManage,
		response: response{status: http.StatusOK, doc: "The user.", schema: user},
		codes:    []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound},
		handle:   a.getUser,
	}, {
		id: "updateUser", method: http.MethodPut, path: one, tag: "users", summary: "Change a user",
		access: signedIn, needs: tenancy.UserManage, body: jsonBody[userChange](),
		response: response{status: http.StatusOK, doc: "The changed user.", schema: user},
		codes: []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound,
			tenancy.CodeAlreadyExists},
		handle: a.updateUser,
	}, {
		id: "removeUser", method: http.MethodDelete, path: one, tag: "users",
		summary: "Remove a user and all their memberships",
		access:  signedIn, needs: tenancy.UserManage,
		response: response{status: http.StatusNoContent, doc: "The user is removed."},
		codes: []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound,
			tenancy.CodeLastAdmin},
		handle: a.removeUser,
	}}
}

func showUser(u identity.User) userBody {
	return userBody{
		ID: u.ID, Email: u.Email, Name: u.Name, SuperAdmin: u.SuperAdmin,
		CreatedAt: timestamp(u.CreatedAt), UpdatedAt: timestamp(u.UpdatedAt),
	}
}

// createUser creates a user. An empty password is refused: a missing one sets none.
func (a *api) createUser(w http.ResponseWriter, c *call) error {
	var in userInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	newUser := admin.NewUser{Email: in.Email, Name: in.Name, SuperAdmin: in.SuperAdmin}
	if in.Password != nil {
		if *in.Password == "" {
			return errEmptyPassword
		}
		newUser.Password = *in.Password
	}
	u, err := a.admin.CreateUser(c.Context(), c.principal, newUser)
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.prefix+apiRoot+"users/"+u.ID)
	return writeJSON(w, http.StatusCreated, showUser(u))
}

var errEmptyPassword = requestbody.AtPath(tenancy.CodeInvalid, "/password",
	"must not be empty; leave it out to set none")

// listUsers writes one page of all users. The sort key is the e-mail address, which is
// unique.
func (a *api) listUsers(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list users")
	if err != nil {
		return err
	}
	search, err := c.query.Search()
	if err != nil {
		return err
	}
	list := func(after string, limit int) ([]identity.User, error) {
		return a.admin.ListUsers(c.Context(), c.principal,
			admin.UserList{Search: search, After: after, Limit: limit})
	}
	email := func(u identity.User) string { return u.Email }
	return writeList(w, l, email, showUser, list)
}

func (a *api) getUser(w http.ResponseWriter, c *call) error {
	u, err := a.admin.GetUser(c.Context(), c.principal, c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, showUser(u))
}

// updateUser changes a user. A new password ends all sessions of the user.
func (a *api) updateUser(w http.ResponseWriter, c *call) error {
	var in userChange
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	change := admin.UserChange{Email: in.Email, Name: in.Name, SuperAdmin: in.SuperAdmin,
		Password: in.Password}
	u, err := a.admin.UpdateUser(c.Context(), c.principal, c.PathValue("id"), change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, showUser(u))
}

// removeUser removes a user and their memberships. The use case refuses to remove the
// last admin of a tenant.
func (a *api) removeUser(w http.ResponseWriter, c *call) error {
	if err := a.admin.RemoveUser(c.Context(), c.principal, c.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
