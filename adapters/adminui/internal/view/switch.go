package view

// Switch is the page with all tenants of a person. Its template is switch.html.
type Switch struct {
	Frame
	Action string // of the search
	Search string
	Places []Place
	Pager  Pager
}

// Template returns the name of the template.
func (Switch) Template() string { return "switch.html" }
