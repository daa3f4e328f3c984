package httpapi

import (
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// invitationBody is an open invitation as it is listed.
type invitationBody struct {
	ID        string       `json:"id" format:"uuid"`
	Email     string       `json:"email"`
	Role      tenancy.Role `json:"role" enum:"viewer,editor,admin"`
	CreatedAt timestamp    `json:"created_at"`
	ExpiresAt timestamp    `json:"expires_at"`
}

// newInvitationBody is a new invitation, the only answer that has its token.
type newInvitationBody struct {
	ID        string       `json:"id" format:"uuid"`
	Email     string       `json:"email"`
	Role      tenancy.Role `json:"role" enum:"viewer,editor,admin"`
	CreatedAt timestamp    `json:"created_at"`
	ExpiresAt timestamp    `json:"expires_at"`
	Token     string       `json:"token" doc:"what accepts it, once; shown here and never again"`
	URL       string       `json:"url" doc:"the link for the person who is invited, relative to the service's address; the token is its fragment, which no server sees"`
}

// invitationInput is what creates an invitation.
type invitationInput struct {
	Email     string       `json:"email" doc:"ASCII; kept in lower case"`
	Role      tenancy.Role `json:"role" enum:"viewer,editor,admin"`
	ExpiresIn *int64       `json:"expires_in,omitempty" minimum:"60" maximum:"2592000" doc:"seconds; absent: 7 days"`
}

// acceptanceInput is what accepts an invitation.
type acceptanceInput struct {
	Token    string  `json:"token"`
	Name     string  `json:"name,omitempty" doc:"of a new user; absent: what stands before the @ of the address"`
	Password *string `json:"password,omitempty" doc:"of a new user; absent: none yet"`
}

// acceptanceBody is what an accepted invitation gave.
type acceptanceBody struct {
	Tenant tenantRef    `json:"tenant"`
	Role   tenancy.Role `json:"role" enum:"viewer,editor,admin"`
	User   userRef      `json:"user"`
}

// userRef is a user in a few words.
type userRef struct {
	ID    string `json:"id" format:"uuid"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

func (a *api) invitationRoutes() []operation {
	const all = tenantRoot + "/invitations"
	return []operation{{
		id: "createInvitation", method: http.MethodPost, path: all, tag: "members",
		summary: "Invite the person with an e-mail address, whether they have an account or not",
		access:  managesTenant, needs: tenancy.WriteMembers, body: jsonBody[invitationInput](),
		response: response{status: http.StatusCreated,
			doc:    "The invitation with its token. An earlier one of the address is replaced.",
			schema: goType[newInvitationBody]()},
		codes:  []tenancy.Code{tenancy.CodeInvalidState},
		handle: a.createInvitation,
	}, {
		id: "listInvitations", method: http.MethodGet, path: all, tag: "members",
		summary: "List the open invitations, without tokens",
		access:  managesTenant, needs: tenancy.ReadMembers, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page, oldest first; expired ones too.",
			schema: goType[page[invitationBody]]()},
		handle: a.listInvitations,
	}, {
		id: "revokeInvitation", method: http.MethodDelete, path: all + "/{id}", tag: "members",
		summary: "Revoke an invitation",
		access:  managesTenant, needs: tenancy.WriteMembers,
		codes:    []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent, doc: "Its token is good for nothing."},
		handle:   a.revokeInvitation,
	}, {
		id: "acceptInvitation", optionalCaller: true, method: http.MethodPost,
		path: apiRoot + "invitations/accept", tag: "members",
		summary: "Accept an invitation: signed in as the account that it is for, or without" +
			" credentials where there is none",
		body: jsonBody[acceptanceInput](), codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusOK,
			doc:    "The place in the tenant, and the user who has it.",
			schema: goType[acceptanceBody]()},
		handle: a.acceptInvitation,
	}}
}

func showInvitation(i tenancy.Invitation) invitationBody {
	return invitationBody{ID: i.ID, Email: i.Email, Role: i.Role, CreatedAt: timestamp(i.CreatedAt),
		ExpiresAt: timestamp(i.ExpiresAt)}
}

func (a *api) createInvitation(w http.ResponseWriter, c *call) error {
	var in invitationInput
	if err := readJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	order := admin.NewInvitation{Email: in.Email, Role: in.Role}
	if in.ExpiresIn != nil {
		if *in.ExpiresIn < 1 || *in.ExpiresIn > int64(admin.MaxInvitationLife/time.Second) {
			return atPath(tenancy.CodeInvalid, "/expires_in", "is from 60 to 2592000 seconds")
		}
		order.ExpiresIn = time.Duration(*in.ExpiresIn) * time.Second
	}
	i, token, err := a.admin.Invite(c.Context(), c.principal, c.PathValue(resolve.PathValue), order)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, newInvitationBody{
		ID: i.ID, Email: i.Email, Role: i.Role, CreatedAt: timestamp(i.CreatedAt),
		ExpiresAt: timestamp(i.ExpiresAt),
		Token:     token, URL: a.prefix + "/invitations/accept#" + token,
	})
}

func (a *api) listInvitations(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list invitations")
	if err != nil {
		return err
	}
	ask := func(after string, limit int) ([]tenancy.Invitation, error) {
		return a.admin.ListInvitations(c.Context(), c.principal, c.PathValue(resolve.PathValue),
			after, limit)
	}
	id := func(i tenancy.Invitation) string { return i.ID }
	return writeList(w, l, id, showInvitation, ask)
}

func (a *api) revokeInvitation(w http.ResponseWriter, c *call) error {
	if err := a.admin.RevokeInvitation(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *api) acceptInvitation(w http.ResponseWriter, c *call) error {
	if err := a.authenticateOptional(w, c); err != nil {
		return err
	}
	var in acceptanceInput
	if err := readJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	order := admin.Acceptance{Token: in.Token, Name: in.Name}
	if in.Password != nil {
		if *in.Password == "" {
			return errEmptyPassword
		}
		order.Password = *in.Password
	}
	m, t, err := a.admin.AcceptInvitation(c.Context(), c.principal, order)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, acceptanceBody{
		Tenant: tenantRef{ID: t.ID.String(), Slug: t.Slug, Name: t.Name}, Role: m.Role,
		User: userRef{ID: m.User, Email: m.Email, Name: m.Name},
	})
}

// authenticateOptional finds who calls where nobody need be anybody: whoever has no valid
// credentials is nobody.
func (a *api) authenticateOptional(w http.ResponseWriter, c *call) error {
	p, err := a.authenticated(w, c)
	if tenancy.CodeOf(err) == tenancy.CodeUnauthenticated {
		return nil
	}
	if err != nil {
		return err
	}
	c.principal = p
	c.Request = c.WithContext(tenancy.WithPrincipal(c.Context(), p))
	return nil
}
