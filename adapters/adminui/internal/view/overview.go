package view

// Overview is the first page of a tenant. Its template is overview.html.
type Overview struct {
	Frame
	Counts     []Count
	Member     bool   // the person is a member, for whom something can wait
	Waiting    []Link // what waits for the person
	ReadsAudit bool
	Audit      string // the path of the audit log
	Changes    []Change
}

// Template returns the name of the template.
func (Overview) Template() string { return "overview.html" }

// Count is how many resources of a kind there are.
type Count struct {
	Text, Href string
	Count      int64
	More       bool   // there are more than Count
	Limit      *int64 // the quota; nil: none
}

// Change is an entry of the audit log in short.
type Change struct {
	At           Time
	Actor, What  string // in words
	Kind         string // of the target
	Target       Link   // an empty Href: it has no page
	Outcome      string
	OutcomeWords string
}
