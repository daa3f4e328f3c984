package view

// Tenants is the list of all tenants. Its template is tenants.html.
type Tenants struct {
	Frame
	Action   string // of the filters
	Search   string
	States   []Option
	Create   string // the path of the form that creates one
	Filtered bool
	Tenants  []TenantRow
	Pager    Pager
}

// Template returns the name of the template.
func (Tenants) Template() string { return "tenants.html" }

// TenantRow is a tenant in a list.
type TenantRow struct {
	Name, Slug, Href string
	State            string
	CreatedAt        Time
}

// TenantPage is a tenant as super-admins manage it. Its template is tenant.html.
type TenantPage struct {
	Frame
	ID, Slug, State                 string
	CreatedAt, UpdatedAt, DeletedAt Time
	Visit                           string // the path of the tenant's own pages; empty: it has none
	Rename                          *Form  // nil: the tenant can't be changed in its state
	Actions                         []Link
	Protected                       bool // it is the default tenant, which can't be deleted
}

// Template returns the name of the template.
func (TenantPage) Template() string { return "tenant.html" }

// Certificate shows what a purge has removed. Its template is certificate.html.
type Certificate struct {
	Frame
	Slug, TenantID string
	PurgedAt       Time
	Rows           []RowCount
	Text           string // the whole certificate, as JSON
	Log            string // the path of the audit log that keeps it; empty: none
	List           string // the path of the list of tenants
}

// Template returns the name of the template.
func (Certificate) Template() string { return "certificate.html" }

// RowCount is how many rows of a table were removed.
type RowCount struct {
	Table string
	Rows  int64
}
