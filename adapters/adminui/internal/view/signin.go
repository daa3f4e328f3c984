package view

// SignIn is the page to sign in. Its template is signin.html.
type SignIn struct {
	Frame
	Intro     string // why one has to sign in; empty: no reason
	Passwords bool   // people sign in with passwords here
	Form      Form
	Provider  string // where the sign-in at the provider begins; empty: there is none
	Again     *Form  // the form to send after signing in at the provider; nil: there is none
}

// Template returns the name of the template.
func (SignIn) Template() string { return "signin.html" }

// Draft is the page that offers to send a form again that was kept while the person did
// something else. Its template is draft.html.
type Draft struct {
	Frame
	Intro   string // what the person has done meanwhile
	Form    Form
	Page    string // where the form was
	Entries []Hidden
}

// Template returns the name of the template.
func (Draft) Template() string { return "draft.html" }
