package view

import "time"

// SecretUse is where a secret is used.
type SecretUse struct {
	Kind, Name, Path string
	Secret           string
	Set              string // the path of the form that sets it; empty: there is none
}

// Secrets is the page with the secrets that have a value or that resources use. Its template is
// secrets.html.
type Secrets struct {
	Frame
	Action  string // of the form that sets one by its name; empty: the person may not
	Secrets []SecretRow
	NoKinds bool // no kind has secrets
	Pager   Pager
}

// Template returns the name of the template.
func (Secrets) Template() string { return "secrets.html" }

// SecretRow is a secret and what uses it.
type SecretRow struct {
	Name       string
	HasValue   bool
	Updated    time.Time // when the value was set
	Set, Unset string    // the paths of the forms; empty: the person may not, or there is no value
	Used       []SecretUser
	More       bool // there are uses that aren't shown
}

// SecretUser is a resource that uses a secret.
type SecretUser struct {
	Link
	Kind, Path string
}

// SecretForm is the page that sets a secret. Its template is secretform.html.
type SecretForm struct {
	Frame
	Name  string
	Form  Form
	Other string // the path of the form with the other input: one line or several
	Lines bool   // this one has several
}

// Template returns the name of the template.
func (SecretForm) Template() string { return "secretform.html" }

// Federation is the page about other registries. Its template is federation.html.
type Federation struct {
	Frame
	Instance  string // the id of the installation; empty: unknown
	Promotion string // the path of import and export; empty: the person may do neither
	Imports   bool   // the person may import
}

// Template returns the name of the template.
func (Federation) Template() string { return "federation.html" }
