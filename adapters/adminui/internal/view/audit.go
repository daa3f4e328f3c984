package view

// Audit is a page of an audit log. Its template is audit.html.
type Audit struct {
	Frame
	Platform  bool   // the log of all tenants
	Action    string // of the filter
	Filter    []Field
	What      Field    // the action in the filter
	Proposals []Option // of actions, with their words
	Filtered  bool
	Error     string // what is wrong with the filter; empty: nothing
	Export    string // the path of the whole log; empty: there is none
	Verify    string // the path of its verification
	Entries   []AuditEntry
	Pager     Pager
}

// Template returns the name of the template.
func (Audit) Template() string { return "audit.html" }

// AuditEntry is an entry of an audit log.
type AuditEntry struct {
	ID           string
	Seq          int64
	At           Time
	Tenant       Link // in the log of all tenants; empty: the entry has no tenant
	Actor        AuditActor
	Words        string // the action in words
	Action       string
	TargetKind   string
	Target       Link // without a path: it has no page
	Outcome      string
	OutcomeWords string
	Reason       string // of a super-admin's visit
	RequestID    string
	IP           string
	Facts        []Fact
	Shortened    bool // there are more facts, or longer ones
}

// AuditActor is who acted.
type AuditActor struct {
	Name     string
	Nameless bool // Name says the kind
	Kind     string
	ID       string
	Only     string // the path of the list of what they alone did; empty: it is this list
}

// AuditVerify is the page that verifies an audit log. Its template is auditverify.html.
type AuditVerify struct {
	Frame
	Action      string
	Log, Export string // their paths
	Head        Field

	Asked      bool // the log was read
	Whole      bool
	Wrong      string // the first entry that doesn't fit; empty: none
	Unfinished string // why the end wasn't reached; empty: it was
	Entries    int64  // how many are verified
	Removed    int64  // how many of the oldest were removed before
	First      AuditMark
	Last       AuditMark
	NewHead    string // of the last verified entry
}

// Template returns the name of the template.
func (AuditVerify) Template() string { return "auditverify.html" }

// AuditMark is the place of an entry.
type AuditMark struct {
	Seq int64
	At  Time
}
