package view

// Users is the list of all users. Its template is users.html.
type Users struct {
	Frame
	Action string // of the search
	Search string
	Create string // the path of the form that creates one
	Users  []UserRow
	Pager  Pager
}

// Template returns the name of the template.
func (Users) Template() string { return "users.html" }

// UserRow is a user in a list.
type UserRow struct {
	Email, Name, Href string
	SuperAdmin        bool
	CreatedAt         Time
}

// UserPage is a user as super-admins manage them. Its template is user.html.
type UserPage struct {
	Frame
	ID, Email            string
	SuperAdmin           bool
	Own                  bool // it is the reader
	CreatedAt, UpdatedAt Time
	Edit                 Form
	Password             *Form // nil: people don't sign in with passwords here
	HasSessions          bool  // people have sessions here
	Sessions             []SessionRow
	EndSessions          string // the path to end them all
	Remove               string // the path to remove the user
}

// Template returns the name of the template.
func (UserPage) Template() string { return "user.html" }

// SessionRow is a session of a person.
type SessionRow struct {
	CreatedAt, SeenAt, ExpiresAt Time
	Address, Agent               string
	Current                      bool
}
