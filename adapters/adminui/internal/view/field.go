package view

import (
	"cmp"
	"net/url"
	"regexp"
)

// Form is a form of a page.
type Form struct {
	Action     string // the path to which it is posted
	Tenant     string // the slug of its tenant; empty: it belongs to none
	Hidden     []Hidden
	Fields     []Field
	Error      string // what is wrong with the whole; empty: nothing
	Submit     string // the text of the button
	Danger     bool   // what it does can't be undone
	Cancel     string // the path of the page to go back to; empty: none
	CancelText string // of the link to it; empty: Cancel
	Uploads    bool   // it has a file
}

// Hidden is a value that the form carries.
type Hidden struct{ Name, Value string }

// The types of fields. Each is the one of the HTML element or its attribute type.
const (
	TextField     = "text"
	EmailField    = "email"
	PasswordField = "password"
	NumberField   = "number"
	AreaField     = "textarea"
	CodeField     = "code" // a text area for JSON and templates, in a font of equal widths
	SelectField   = "select"
	CheckField    = "checkbox"
	FileField     = "file"
	DateField     = "datetime-local" // in UTC
	PickerField   = "picker"         // the name of a resource, with proposals
)

// Field is an input with its label, hint and error.
type Field struct {
	Name  string
	Label string
	Type  string // one of the constants; empty: TextField
	Value string
	Hint  string // what the value is for, or how it must be
	Error string // what is wrong with the value; empty: nothing

	Required     bool
	ReadOnly     bool
	Checked      bool     // of a CheckField
	Options      []Option // of a SelectField
	Autocomplete string   // the attribute; empty: off
	Rows         int      // of an AreaField or a CodeField
	Proposals    string   // of a PickerField: the path that answers with proposals
	Many         bool     // of a PickerField: several names, one a line
	KindField    string   // of a PickerField: the id of the select whose value ends Proposals
	Links        []Link   // to where values are found
}

// ID returns the id of the input's element. It has no space, which separates ids.
func (f Field) ID() string { return "f-" + url.PathEscape(f.Name) }

// InputType returns the type of an input element. One for numbers would drop a value that is no
// number, so such a value is shown as text.
func (f Field) InputType() string {
	if f.Type == NumberField && f.Value != "" && !number.MatchString(f.Value) {
		return "text"
	}
	return cmp.Or(f.Type, "text")
}

// number is what HTML calls a valid floating-point number.
var number = regexp.MustCompile(`^-?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?$`)

// Option is a choice of a select.
type Option struct {
	Value, Text string
	Selected    bool
}

// Confirm is a page that asks before something is done. Its template is confirm.html.
type Confirm struct {
	Frame
	Question     string
	Consequences []string
	Blockers     []Link // what must be changed before; empty: nothing
	BlockerText  string // why
	Form         Form
}

// Template returns the name of the template.
func (Confirm) Template() string { return "confirm.html" }

// FormPage is a page that only has a form. Its template is form.html.
type FormPage struct {
	Frame
	Intro string
	Form  Form
}

// Template returns the name of the template.
func (FormPage) Template() string { return "form.html" }

// Failure is a page that says what went wrong. Its template is failure.html.
type Failure struct {
	Frame
	Status    int
	Text      string // what went wrong
	Advice    string // what to do
	RequestID string
	Links     []Link
}

// Template returns the name of the template.
func (Failure) Template() string { return "failure.html" }
