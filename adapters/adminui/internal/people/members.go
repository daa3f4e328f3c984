package people

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const members = "members"

// member is a member as the API shows it.
type member struct {
	ID        string    `json:"user_id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"created_at"`
}

// title returns the name to show.
func (m member) title() string { return cmp.Or(m.Name, m.Email) }

func memberRoutes() []page.Route {
	return []page.Route{
		{Path: "/members", Handle: showMembers},
		{Method: http.MethodPost, Path: "/members", Handle: addMember,
			Fields: []string{"user", "role"}},
		{Path: "/members/{id}", Handle: showMember},
		{Method: http.MethodPost, Path: "/members/{id}", Handle: changeRole,
			Fields: []string{"role"}},
		{Path: "/members/{id}/remove", Handle: askRemove},
		{Method: http.MethodPost, Path: "/members/{id}/remove", Handle: removeMember},
	}
}

// showMembers shows a page of the members, or the form that adds a user.
func showMembers(r *page.Request) (page.Reply, error) {
	if isNew(r) {
		return showAddMember(r)
	}
	search := r.Query().Get("q")
	found, err := read[member](r, r.APIPath(members), search)
	if err != nil {
		return page.Reply{}, err
	}
	v := view.Members{Frame: r.Frame("Members"), Pager: pager(r, members, found.NextCursor),
		Action: r.URLs.To(members), Search: search}
	writes := r.Caller.May("member.write")
	if writes && r.Site.Serves("createInvitation") {
		v.Invite = urls.With(r.URLs.To(invitations), "new", "true")
	}
	if writes && r.Caller.SuperAdmin && r.Site.Serves("listUsers") {
		v.Add = urls.With(r.URLs.To(members), "new", "true", "back", r.Here())
	}
	for _, m := range found.Items {
		row := view.Member{Name: m.title(), Email: m.Email, Role: m.Role, Since: m.CreatedAt,
			You: m.ID == r.Caller.ID}
		if writes {
			row.Edit = urls.With(r.URLs.To(members, m.ID), "back", r.Here())
			row.Remove = urls.With(r.URLs.To(members, m.ID, "remove"), "back", r.Here())
		}
		v.Rows = append(v.Rows, row)
	}
	return page.Show(v)
}

// getMember reads the member that the path names.
func getMember(r *page.Request) (m member, err error) {
	return m, r.API.Get(r.Context(), r.APIPath(members, r.PathValue("id")), nil, &m)
}

// showMember shows the form that changes a member's role.
func showMember(r *page.Request) (page.Reply, error) {
	m, err := getMember(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(memberView(r, m)(memberForm(r, m.Role)))
}

func memberForm(r *page.Request, role string) view.Form {
	f := r.NewForm(r.URLs.To(members, r.PathValue("id")), "Change the role",
		roleField(tenancy.MemberRoles(), role))
	f.Cancel = r.Back(r.URLs.To(members))
	f.Hidden = []view.Hidden{r.BackField(r.URLs.To(members))}
	return f
}

func memberView(r *page.Request, m member) func(view.Form) view.Model {
	return func(form view.Form) view.Model {
		v := view.FormPage{Frame: frame(r, "Role of "+m.title(), "Members", members), Form: form,
			Intro: m.Email + " is " + m.Role + " of " + r.Caller.Tenant.Name + "."}
		if m.ID == r.Caller.ID {
			v.Intro += " This is you: with another role you can't open this page any more, and can't" +
				" take the role back yourself."
		}
		return v
	}
}

// changeRole gives a member another role.
func changeRole(r *page.Request) (page.Reply, error) {
	m, err := getMember(r)
	if err != nil {
		return page.Reply{}, err
	}
	role := r.Form.Get("role")
	err = put(r, m.ID, role)
	if err != nil {
		return refuse(memberForm(r, role), err, map[string]string{"/role": "role"}, memberView(r, m))
	}
	if isYou(r, m.ID) && role != string(tenancy.Admin) {
		return page.Go(page.Done(r.URLs.To(), "saved"))
	}
	return page.Go(page.Done(r.Back(r.URLs.To(members)), "saved"))
}

func put(r *page.Request, user, role string) error {
	return r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut,
		Path: r.APIPath(members, user), Body: map[string]string{"role": role}})
}

// isYou reports whether the person changes their own access. A super-admin keeps theirs.
func isYou(r *page.Request, id string) bool { return id == r.Caller.ID && !r.Caller.SuperAdmin }

// askRemove asks before a member is removed.
func askRemove(r *page.Request) (page.Reply, error) {
	m, err := getMember(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(removeView(r, m))
}

func removeView(r *page.Request, m member) view.Confirm {
	back := r.Back(r.URLs.To(members))
	v := view.Confirm{Frame: frame(r, "Remove "+m.title(), "Members", members),
		Question: "Remove " + m.Email + ", who is " + m.Role + ", from " + r.Caller.Tenant.Name + "?",
		Consequences: []string{"The person loses access to this tenant at once.",
			"What they have changed stays, and so do the keys that they have made.",
			"They can come back by a new invitation."},
		Form: r.NewForm(r.URLs.To(members, m.ID, "remove"), "Remove")}
	if m.ID == r.Caller.ID {
		v.Consequences = append(v.Consequences,
			"This is you: you lose access yourself, and can't take it back.")
	}
	v.Form.Danger, v.Form.Cancel = true, back
	v.Form.Hidden = []view.Hidden{r.BackField(back)}
	return v
}

// removeMember removes a member. The last admin can't be removed.
func removeMember(r *page.Request) (page.Reply, error) {
	m, err := getMember(r)
	if err != nil {
		return page.Reply{}, err
	}
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete,
		Path: r.APIPath(members, m.ID)})
	if p := apicall.ProblemOf(err); p != nil && p.Code == "last_admin" {
		v := removeView(r, m)
		v.BlockerText = "A tenant keeps one admin at least, and this is the last one. Nothing was" +
			" changed. Make another member an admin first."
		v.Blockers = []view.Link{{Text: "Members", Href: r.URLs.To(members)}}
		return page.Refused(p.Status, v)
	}
	if err != nil {
		return page.Reply{}, err
	}
	if isYou(r, m.ID) {
		return page.Go(r.Site.Root.To())
	}
	return page.Go(page.Done(r.Back(r.URLs.To(members)), "removed"))
}

// showAddMember shows a super-admin the form that adds a user without an invitation.
func showAddMember(r *page.Request) (page.Reply, error) {
	if err := needs(r, "member.write"); err != nil {
		return page.Reply{}, err
	}
	return page.Show(addView(r)(addForm(r)))
}

func addForm(r *page.Request) view.Form {
	f := r.NewForm(r.URLs.To(members), "Add",
		view.Field{Name: "user", Label: "E-mail address or id of the user", Required: true,
			Value: r.Form.Get("user"), Hint: "Of a person who has an account here already."},
		roleField(tenancy.MemberRoles(), r.Form.Get("role")))
	f.Cancel = r.Back(r.URLs.To(members))
	f.Hidden = []view.Hidden{r.BackField(r.URLs.To(members))}
	return f
}

func addView(r *page.Request) func(view.Form) view.Model {
	return func(form view.Form) view.Model {
		return view.FormPage{Frame: frame(r, "Add a user", "Members", members), Form: form,
			Intro: "Super-admins add a user without an invitation. Others invite a person," +
				" who then accepts."}
	}
}

// addMember makes a user a member.
func addMember(r *page.Request) (page.Reply, error) {
	names := map[string]string{"/role": "role", "/user": "user"}
	id, err := findUser(r, r.Form.Line("user"))
	if err == nil {
		err = put(r, id, r.Form.Get("role"))
	}
	p := apicall.ProblemOf(err)
	if errors.Is(err, page.NotFound()) || p != nil && p.Status == http.StatusNotFound {
		err = &apicall.Problem{Status: http.StatusNotFound, Code: "not_found",
			Errors: []apicall.InputError{{Path: "/user",
				Detail: "there is no such user: invite the person instead"}}}
	}
	if err != nil {
		return refuse(addForm(r), err, names, addView(r))
	}
	return page.Go(page.Done(r.Back(r.URLs.To(members)), "saved"))
}

// user is a user as the API shows it.
type user struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// findUser returns the id of the user with an e-mail address, or what was typed if that is
// none.
func findUser(r *page.Request, typed string) (string, error) {
	if !strings.Contains(typed, "@") {
		return typed, nil
	}
	u, err := find(r, "/users", typed[:min(len(typed), longestSearch)],
		func(u user) bool { return strings.EqualFold(u.Email, typed) })
	return u.ID, err
}
