package view

// Members is the page of a tenant's members. Its template is members.html.
type Members struct {
	Frame
	Rows   []Member
	Pager  Pager
	Action string // the path of the list
	Search string // what the list is searched for
	Invite string // the path of the form that invites a person; empty: they may not
	Add    string // of the form that adds a user; empty: they may not
}

// Template returns the name of the template.
func (Members) Template() string { return "members.html" }

// Member is a member of a tenant.
type Member struct {
	Name, Email, Role string
	Since             Time
	You               bool
	Edit, Remove      string // paths; empty: the person may not
}

// Invitations is the page of a tenant's open invitations. Its template is invitations.html.
type Invitations struct {
	Frame
	Rows   []Invitation
	Pager  Pager
	Invite string // the path of the form of a new one; empty: the person may not
	Again  string // to which the form of a row is posted that invites again
	Slug   string // of the tenant
	Back   string // the page itself
}

// Template returns the name of the template.
func (Invitations) Template() string { return "invitations.html" }

// Invitation is an open invitation.
type Invitation struct {
	Email, Role      string
	Created, Expires Time
	Expired          bool
	Revoke           string // the path; empty: the person may not
}

// Keys is the page of a tenant's API keys. Its template is keys.html.
type Keys struct {
	Frame
	Rows   []Key
	Pager  Pager
	Create string // the path of the form of a new one; empty: the person may not
}

// Template returns the name of the template.
func (Keys) Template() string { return "keys.html" }

// Key is an API key.
type Key struct {
	ID                 string // of the row's element
	Name, Role, Prefix string
	Created            Time
	By                 string // who made it
	LastUsed, Expires  Time
	State              string // in words
	Successor          string // the link to the key that replaced it; empty: none on the page
	Rotate, Revoke     string // paths; empty: it can't be done
}

// Once is a page that shows a secret once. Its template is once.html.
type Once struct {
	Frame
	Lead         string
	Label, Value string // the secret
	Until        Time   // how long it is valid; zero: for ever
	Warning      string
	ExampleText  string // what the example shows
	Example      string // a command line; empty: none
	Back         Link
}

// Template returns the name of the template.
func (Once) Template() string { return "once.html" }
