package adoption

import "time"

// Phase is one of the two parts of the adoption of a single-tenant database.
type Phase string

// In the phase Expand, the old version of the host keeps working, in parallel with the new
// version with tenancy off. The phase Contract removes what only the old version needs and
// forces row security, which MultiTenant requires.
const (
	Expand   Phase = "expand"
	Contract Phase = "contract"
)

// State is the progress of an adoption.
type State string

// The states of an adoption. A database that is Absent or TenantOwned has nothing to adopt.
const (
	Absent      State = "absent"       // none of the tables exists
	TenantOwned State = "tenant-owned" // the tables were created with tenants
	Single      State = "single-tenant"
	Expanding   State = "expanding"
	Expanded    State = "expanded"
	Contracting State = "contracting"
	Contracted  State = "contracted"
)

// Event reports the progress of a statement to [Options].OnEvent.
type Event struct {
	Step  string
	Phase Phase
	SQL   string
	Kind  EventKind
	Rows  int64 // rows of the batch if Kind is Batch, else the estimate of all
}

// EventKind is the kind of an [Event].
type EventKind string

// The kinds of events.
const (
	Begun  EventKind = "begun"
	Batch  EventKind = "batch"
	Waited EventKind = "waited" // a lock timed out; the statement is retried
	Ended  EventKind = "ended"
)

// PlannedStatement is a statement that an adoption would run.
type PlannedStatement struct {
	Phase Phase    `json:"phase"`
	Step  string   `json:"step"`
	SQL   []string `json:"sql"`   // run in one transaction, unless Alone
	Lock  string   `json:"lock"`  // the strongest lock on a table that others use
	On    string   `json:"on"`    // that table
	Rows  int64    `json:"rows"`  // estimated rows read or written; 0: only the catalog
	Alone bool     `json:"alone"` // run outside a transaction
}

// UntenantedSession is a session that sends statements without a tenant.
type UntenantedSession struct {
	Application string    `json:"application"` // its application_name
	Role        string    `json:"role"`
	Client      string    `json:"client"` // its IP address, or local
	Table       string    `json:"table"`
	Statement   string    `json:"statement"` // its first characters
	Writes      bool      `json:"writes"`    // false: it reads
	SeenAt      time.Time `json:"seen_at"`
}
