package walk

import "regexp"

// Options says who walks where.
type Options struct {
	Base            string // the server's URL, without a slash at the end
	Email, Password string // of the person
	UserID          string // of the person: what ends their access is done last

	Slug, Name  string   // of the pages' tenant
	ID          string   // of it
	MultiTenant bool     // each page of the tenant names it
	Mine        []string // slugs of the person's tenants, to which the switcher may lead
	ReadOnly    bool     // no form is posted, and nothing of others is asked for

	Others []Other           // tenants that the person must not see
	Canary []string          // how texts of them begin, in lower case
	Known  []string          // those that the person may see: names and slugs of tenants
	Lists  *regexp.Regexp    // paths of pages that list what is in all tenants; nil: none
	Upload []byte            // what is sent with fields for files
	Keep   string            // the name of a resource that isn't deleted
	Fill   map[string]string // what is typed into fields of these names, if they are empty

	// MaxFaults ends the walk early. Defaults to 500.
	MaxFaults int
}

// Other is a tenant that the person isn't a member of.
type Other struct {
	Slug, ID string
	IDs      []string            // of what is in it
	Names    map[string][]string // of its resources, by the path of their kind
	Cursors  []string            // of its lists
}

// Report is what a walk has seen.
type Report struct {
	Pages     []Visit  // that answered a link, in the order of their first visit
	Requests  int      // of all kinds
	Links     int      // that were found on pages, each counted once a page
	Forms     int      // that were sent, each counted once with each choice
	Posts     int      // of these, with POST
	Accepted  int      // of these, those that did what they say
	Mutations int      // requests for what belongs to others
	Signs     int      // how often the person signed in
	Refused   []string // posts that were refused although the fields were filled in
	Faults    []string
}

// Visit is a page.
type Visit struct {
	Path   string // with its query
	Shape  string // the path with its names and ids left out, and the names of the parameters
	Status int
	Bytes  int
	HTML   bool

	Content, Frame string // equal: the pages differ in texts and in how often they repeat things
}
