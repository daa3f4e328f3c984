package view

// Accept is the page that the link of an invitation opens. Its template is accept.html.
type Accept struct {
	Frame
	Token     Field
	Current   string // the address of the person who is signed in; empty: no one is
	Choice    string // of the account with which they accept: current, new or existing
	Passwords bool   // people sign in with passwords here
	Provider  string // where the sign-in at the provider begins; empty: there is none
	Form      Form   // with the fields of an account, if Passwords
}

// Template returns the name of the template.
func (Accept) Template() string { return "accept.html" }

// Accepted is the page after an invitation was accepted. Its template is accepted.html.
type Accepted struct {
	Frame
	Email, Role string
	In          string // the tenant's name
	Href        string // of the tenant's pages
	SignedIn    bool   // as the person of this address
}

// Template returns the name of the template.
func (Accepted) Template() string { return "accepted.html" }

// Account is the page of a person's own account. Its template is account.html.
type Account struct {
	Frame
	Name, Email string // Email is empty for a caller who isn't a user of the registry
	SuperAdmin  bool
	Places      []Place // the person's tenants
	AllPlaces   string  // the path of the page with all of them; empty: there is none
	MorePlaces  bool    // there are more than Places
	Password    *Form   // changes the password; nil: the person can't
	Sessions    []Session
	EndOthers   string // the path of the form that ends all other sessions; empty: there are none
}

// Template returns the name of the template.
func (Account) Template() string { return "account.html" }

// Session is a session of a person.
type Session struct {
	CreatedAt, LastSeenAt Time
	Address               string // of the sign-in
	Browser               string // in words
	Agent                 string // the header User-Agent of the sign-in
	Current               bool   // the page is shown in it
	End                   string // the path of the form that ends it; empty: it can't be ended here
}
