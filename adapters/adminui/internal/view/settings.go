package view

// Settings is a tenant's settings and quotas. Its template is settings.html.
type Settings struct {
	Frame
	Form    *Form   // nil: the reader may not change them
	Facts   []Fact  // what is set, for readers who may not change it
	JSON    string  // all settings, for the same
	Stored  *Stored // what others have stored meanwhile; nil: nothing
	Quotas  []Count // how much there is of each kind, with its limit
	Counted bool    // the counts are known
	Rate    string  // requests a second; empty: no limit
	Limits  *Form   // nil: the reader may not change the quotas
}

// Template returns the name of the template.
func (Settings) Template() string { return "settings.html" }

// Stored is what is stored of a tenant.
type Stored struct{ Name, JSON string }
