package people

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const invitations = "invitations"

// invitation is an open invitation as the API shows it. Only the answer that creates one has
// its URL.
type invitation struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	URL       string    `json:"url"`
}

func invitationRoutes() []page.Route {
	return []page.Route{
		{Path: "/invitations", Handle: showInvitations},
		{Method: http.MethodPost, Path: "/invitations", Handle: invite,
			Fields: []string{"email", "role", "days"}},
		{Path: "/invitations/{id}/revoke", Handle: askRevokeInvitation},
		{Method: http.MethodPost, Path: "/invitations/{id}/revoke", Handle: revokeInvitation},
	}
}

// showInvitations shows a page of the open invitations, or the form of a new one.
func showInvitations(r *page.Request) (page.Reply, error) {
	if isNew(r) {
		return showInvite(r)
	}
	found, err := read[invitation](r, r.APIPath(invitations), "")
	if err != nil {
		return page.Reply{}, err
	}
	v := view.Invitations{Frame: r.Frame("Invitations"), Slug: r.Slug(),
		Pager: pager(r, invitations, found.NextCursor), Back: r.Here()}
	writes := r.Caller.May("member.write")
	if writes {
		v.Invite = urls.With(r.URLs.To(invitations), "new", "true", "back", v.Back)
		v.Again = r.URLs.To(invitations)
	}
	for _, i := range found.Items {
		row := view.Invitation{Email: i.Email, Role: i.Role, Created: i.CreatedAt,
			Expires: i.ExpiresAt, Expired: !r.Site.Now().Before(i.ExpiresAt)}
		if writes {
			row.Revoke = urls.With(r.URLs.To(invitations, i.ID, "revoke"), "back", v.Back)
		}
		v.Rows = append(v.Rows, row)
	}
	return page.Show(v)
}

// showInvite shows the form of an invitation.
func showInvite(r *page.Request) (page.Reply, error) {
	if err := needs(r, "member.write"); err != nil {
		return page.Reply{}, err
	}
	return page.Show(inviteView(r)(inviteForm(r)))
}

// defaultDays is how long an invitation is valid unless another time is chosen.
const defaultDays = "7"

func inviteForm(r *page.Request) view.Form {
	days := r.Form.Get("days")
	if days == "" {
		days = defaultDays
	}
	f := r.NewForm(r.URLs.To(invitations), "Invite",
		view.Field{Name: "email", Label: "E-mail address", Type: view.EmailField, Required: true,
			Value: r.Form.Get("email"), Hint: "The person accepts with the account of this address."},
		roleField(tenancy.MemberRoles(), r.Form.Get("role")),
		choices("days", "Valid for", days, view.Option{Value: "1", Text: "1 day"},
			view.Option{Value: "7", Text: "7 days"}, view.Option{Value: "30", Text: "30 days"}))
	f.Cancel = r.Back(r.URLs.To(invitations))
	f.Hidden = []view.Hidden{r.BackField(r.URLs.To(invitations))}
	return f
}

func inviteView(r *page.Request) func(view.Form) view.Model {
	return func(form view.Form) view.Model {
		return view.FormPage{Frame: frame(r, "Invite a person", "Invitations", invitations),
			Form: form, Intro: "You get a link to send to the person. Nothing is sent for you."}
	}
}

// invite creates an invitation and shows its link, this once.
func invite(r *page.Request) (page.Reply, error) {
	days := r.Form.Get("days")
	if days == "" {
		days = defaultDays
	}
	names := map[string]string{"/email": "email", "/role": "role", "/expires_in": "days"}
	body := map[string]any{"email": r.Form.Line("email"), "role": r.Form.Get("role")}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return refuse(inviteForm(r), invalid("/expires_in", "choose how long the invitation is valid"),
			names, inviteView(r))
	}
	body["expires_in"] = n * 24 * 3600
	var made invitation
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: r.APIPath(invitations),
		Body: body, Into: &made})
	if err != nil {
		return refuse(inviteForm(r), err, names, inviteView(r))
	}
	return page.Show(view.Once{Frame: frame(r, "Invitation for "+made.Email, "Invitations", invitations),
		Lead: "Send this link to " + made.Email + ". Who opens it gets the role " + made.Role + " in " +
			r.Caller.Tenant.Name + ". It works once.",
		Label: "Link of the invitation", Value: r.Origin() + made.URL, Until: made.ExpiresAt,
		Warning: "The link is shown only now. If it is lost, invite the person again: the new link" +
			" replaces this one, as this one replaces any earlier link.",
		Back: view.Link{Text: "Back to the invitations", Href: r.Back(r.URLs.To(invitations))}})
}

// invalid is what the pages themselves find wrong with a field.
func invalid(path, detail string) error {
	return &apicall.Problem{Status: http.StatusUnprocessableEntity, Code: "invalid",
		Errors: []apicall.InputError{{Path: path, Detail: detail}}}
}

// getInvitation returns the invitation that the path names.
func getInvitation(r *page.Request) (invitation, error) {
	return find(r, r.APIPath(invitations), "",
		func(i invitation) bool { return i.ID == r.PathValue("id") })
}

// askRevokeInvitation asks before an invitation is revoked.
func askRevokeInvitation(r *page.Request) (page.Reply, error) {
	i, err := getInvitation(r)
	if err != nil {
		return page.Reply{}, err
	}
	v := view.Confirm{Frame: frame(r, "Revoke the invitation", "Invitations", invitations),
		Question:     "Revoke the invitation of " + i.Email + "?",
		Consequences: []string{"The link that was sent is no longer accepted."},
		Form:         r.NewForm(r.URLs.To(invitations, i.ID, "revoke"), "Revoke")}
	v.Form.Danger, v.Form.Cancel = true, r.Back(r.URLs.To(invitations))
	v.Form.Hidden = []view.Hidden{r.BackField(r.URLs.To(invitations))}
	return page.Show(v)
}

// revokeInvitation makes the invitation's link invalid.
func revokeInvitation(r *page.Request) (page.Reply, error) {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete,
		Path: r.APIPath(invitations, r.PathValue("id"))})
	if err != nil {
		return page.Reply{}, err
	}
	return page.Go(page.Done(r.Back(r.URLs.To(invitations)), "revoked"))
}
