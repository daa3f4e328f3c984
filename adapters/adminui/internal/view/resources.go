package view

// ResourceList is the list of the resources of a kind. Its template is resources.html.
type ResourceList struct {
	Frame
	Noun      string // the kind in a sentence: "agents"
	One       string // one of the kind: "agent"
	HasLabels bool
	Action    string // of the search
	Search    string
	Labels    []LabelFilter
	Error     string // why the search was refused; empty: it wasn't
	Filtered  bool   // only some of the resources are looked for
	New       string // the path of the form of a new one; empty: the person may not
	Rows      []ResourceRow
	Pager     Pager
}

// Template returns the name of the template.
func (ResourceList) Template() string { return "resources.html" }

// LabelFilter is a label that the listed resources have.
type LabelFilter struct {
	Text   string // key=value
	Remove string // the path of the list without this filter
}

// ResourceRow is a resource in a list.
type ResourceRow struct {
	Name         string
	Href         string
	Description  string
	Labels       []Link // each to the list of those with the label
	Version      int64
	Updated      Time
	Edit, Delete string // empty: the person may not
}

// Resource is a resource with all that is known of it. Its template is resource.html.
type Resource struct {
	Frame
	Name             string
	Edit, Copy       string // empty: the person may not
	Delete           string
	Facts            []ResourceFact
	JSON             string // the whole spec
	Labels           []Link
	Version          int64
	Created, Updated Time
	UsedBy           []Link
	MoreUse          bool // more than UsedBy refer to it
	KnowsUse         bool // it is known what refers to it
	ReadsAudit       bool
	Audit            string // the path of its part of the audit log
	Changes          []Change
}

// Template returns the name of the template.
func (Resource) Template() string { return "resource.html" }

// ResourceFact is a member of a spec. One of Text, Code, Links, Secret and Empty is set.
type ResourceFact struct {
	Label  string
	Text   string
	Code   string // JSON
	Long   bool   // Text or Code is shown in a part of the page that scrolls
	Empty  bool
	Links  []Link // to the resources that it names
	Secret *ResourceSecret
}

// ResourceSecret is a secret of a resource, without its value.
type ResourceSecret struct {
	Name string
	Set  string // the path of the page that sets it; empty: the person may not
}

// ResourceConflict is a form whose resource was changed since it was opened. Its template is
// resourceconflict.html.
type ResourceConflict struct {
	Frame
	Gone        bool // it was deleted
	Differences []Difference
	Form        Form
}

// Template returns the name of the template.
func (ResourceConflict) Template() string { return "resourceconflict.html" }

// Difference is a member that two versions of a resource don't have in common.
type Difference struct {
	Label               string
	Stored, Typed       string
	HasStored, HasTyped bool
}
