package httpapi

import (
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// invitationPath is the page that the link of an invitation opens. Package adminui has it: a
// host that mounts it nowhere sends its own link with the token.
const invitationPath = "/invitations/accept"

// invitationBody is an open invitation in a list.
type invitationBody struct {
	ID        string     `json:"id" format:"uuid"`
	Email     string     `json:"email"`
	Role      memberRole `json:"role"`
	CreatedAt timestamp  `json:"created_at"`
	ExpiresAt timestamp  `json:"expires_at"`
}

// newInvitationBody is a new invitation. No other response has its token.
type newInvitationBody struct {
	ID        string     `json:"id" format:"uuid"`
	Email     string     `json:"email"`
	Role      memberRole `json:"role"`
	CreatedAt timestamp  `json:"created_at"`
	ExpiresAt timestamp  `json:"expires_at"`
	Token     string     `json:"token" doc:"accepts the invitation, once; shown only in this response"`
	URL       string     `json:"url" doc:"the service-relative link; no server sees its fragment, the token"`
}

// invitationInput is the body of a request that creates an invitation.
type invitationInput struct {
	Email     string     `json:"email" doc:"ASCII; stored in lower case"`
	Role      memberRole `json:"role"`
	ExpiresIn *int64     `json:"expires_in,omitempty" minimum:"60" maximum:"2592000" doc:"seconds; default: 7 days"`
}

// acceptanceInput is the body of a request that accepts an invitation.
type acceptanceInput struct {
	Token    string  `json:"token"`
	Name     string  `json:"name,omitempty" doc:"a new user's name; defaults to the address's part before the @"`
	Password *string `json:"password,omitempty" doc:"the password of a new user; defaults to none"`
}

// acceptanceBody is the result of an accepted invitation.
type acceptanceBody struct {
	Tenant tenantRef  `json:"tenant"`
	Role   memberRole `json:"role"`
	User   userRef    `json:"user"`
}

// userRef identifies a user.
type userRef struct {
	ID    string `json:"id" format:"uuid"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

// invitationRoutes returns the routes for invitations. All but accepting belong to
// tenant admins.
func (a *api) invitationRoutes() []operation {
	const all = tenantRoot + "/invitations"
	return []operation{{
		id: "createInvitation", method: http.MethodPost, path: all, tag: "members",
		summary: "Invite a person by e-mail address, with or without an account",
		access:  managesTenant, needs: tenancy.MemberWrite, body: jsonBody[invitationInput](),
		response: response{status: http.StatusCreated,
			doc:    "The invitation with its token. It replaces an earlier one of the address.",
			schema: goType[newInvitationBody]()},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.createInvitation,
	}, {
		id: "listInvitations", method: http.MethodGet, path: all, tag: "members",
		summary: "List the open invitations, without tokens",
		access:  managesTenant, needs: tenancy.MemberRead, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page, oldest first, with expired ones.",
			schema: goType[page[invitationBody]]()},
		handle: a.listInvitations,
	}, {
		id: "revokeInvitation", method: http.MethodDelete, path: all + "/{id}", tag: "members",
		summary: "Revoke an invitation",
		access:  managesTenant, needs: tenancy.MemberWrite,
		codes:    []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent, doc: "Its token is no longer accepted."},
		handle:   a.revokeInvitation,
	}, {
		id: "acceptInvitation", optionalCaller: true, method: http.MethodPost,
		path: apiRoot + "invitations/accept", tag: "members",
		summary: "Accept an invitation: signed in as the invited user, or without credentials" +
			" if the address has no account",
		body: jsonBody[acceptanceInput](), codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusOK,
			doc:    "The tenant, the role in it and the user.",
			schema: goType[acceptanceBody]()},
		handle: a.acceptInvitation,
	}}
}

func showInvitation(i tenancy.Invitation) invitationBody {
	return invitationBody{ID: i.ID, Email: i.Email, Role: memberRole(i.Role),
		CreatedAt: timestamp(i.CreatedAt), ExpiresAt: timestamp(i.ExpiresAt)}
}

// createInvitation returns the token as the URL's fragment: browsers send fragments to
// no server, so the token appears in no access log.
func (a *api) createInvitation(w http.ResponseWriter, c *call) error {
	var in invitationInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	invitation := admin.NewInvitation{Email: in.Email, Role: tenancy.Role(in.Role)}
	if in.ExpiresIn != nil {
		if *in.ExpiresIn < 1 || *in.ExpiresIn > int64(admin.MaxInvitationTTL/time.Second) {
			return requestbody.AtPath(tenancy.CodeInvalid, "/expires_in", "must be from 60 to 2592000 seconds")
		}
		invitation.ExpiresIn = time.Duration(*in.ExpiresIn) * time.Second
	}
	i, token, err := a.admin.Invite(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		invitation)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, newInvitationBody{
		ID: i.ID, Email: i.Email, Role: memberRole(i.Role), CreatedAt: timestamp(i.CreatedAt),
		ExpiresAt: timestamp(i.ExpiresAt),
		Token:     token, URL: a.prefix + invitationPath + "#" + token,
	})
}

// listInvitations writes one page of the open invitations. The sort key is the id,
// which grows with the time of creation.
func (a *api) listInvitations(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list invitations")
	if err != nil {
		return err
	}
	list := func(after string, limit int) ([]tenancy.Invitation, error) {
		return a.admin.ListInvitations(c.Context(), c.principal, c.PathValue(resolve.PathValue),
			after, limit)
	}
	id := func(i tenancy.Invitation) string { return i.ID }
	return writeList(w, l, id, showInvitation, list)
}

// revokeInvitation makes the invitation's token invalid.
func (a *api) revokeInvitation(w http.ResponseWriter, c *call) error {
	if err := a.admin.RevokeInvitation(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// acceptInvitation accepts calls without credentials: the token is the credential of a
// new user. An existing user must be signed in.
func (a *api) acceptInvitation(w http.ResponseWriter, c *call) error {
	if err := a.authenticateOptional(w, c); err != nil {
		return err
	}
	var in acceptanceInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	acceptance := admin.Acceptance{Token: in.Token, Name: in.Name}
	if in.Password != nil {
		if *in.Password == "" {
			return errEmptyPassword
		}
		acceptance.Password = *in.Password
	}
	m, t, err := a.admin.AcceptInvitation(c.Context(), c.principal, acceptance)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, acceptanceBody{
		Tenant: tenantRef{ID: t.ID.String(), Slug: t.Slug, Name: t.Name}, Role: memberRole(m.Role),
		User: userRef{ID: m.User, Email: m.Email, Name: m.Name},
	})
}

// authenticateOptional authenticates the caller of an operation that needs no
// credentials: without valid ones the caller stays anonymous.
func (a *api) authenticateOptional(w http.ResponseWriter, c *call) error {
	p, err := a.authenticated(w, c)
	if tenancy.CodeOf(err) == tenancy.CodeUnauthenticated {
		return nil
	}
	if err != nil {
		return err
	}
	c.setCaller(p)
	a.withRight(c, operation{})
	return nil
}
