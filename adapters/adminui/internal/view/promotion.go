package view

// Promotion is the page of export and import. Its template is promotion.html.
type Promotion struct {
	Frame
	Export string // the path of a bundle
	Kinds  []Option
	Fields []Field // of the export, in addition to the kinds
	Import *Form   // nil: the person may not import
}

// Template returns the name of the template.
func (Promotion) Template() string { return "promotion.html" }

// ImportReport is what an import did, or would do. Its template is importreport.html.
type ImportReport struct {
	Frame
	DryRun      bool
	Strategy    string // of a dry run, in words
	Counts      []ImportCount
	Conflicts   int // items that stop the import
	Items       []ImportItem
	More        int // items that aren't shown
	Secrets     []SecretUse
	MoreSecrets int   // secrets that aren't shown
	Import      *Form // that imports for real; nil: it can't
	Retry       Form  // of another dry run; without an action: there is none
	Back        string
}

// Template returns the name of the template.
func (ImportReport) Template() string { return "importreport.html" }

// ImportCount is a number of items.
type ImportCount struct {
	Text  string
	Count int
}

// ImportItem is what an import does with an item.
type ImportItem struct {
	Kind, Name string
	Href       string // empty: the item has no page
	Action     string
	Words      string // the action in words
	RenamedTo  string
	Error      string
	Changes    []ImportChange
	More       int // changes that aren't shown
}

// ImportChange is a place in which the item here and the one of the bundle differ.
type ImportChange struct {
	Path     string
	From, To ImportValue
}

// ImportValue is a value before or after an import.
type ImportValue struct {
	None  bool // there is no value
	Text  string
	Long  bool   // it is folded
	Start string // of a long one
	Cut   bool   // the rest isn't shown
}

// ImportRefused is the page that says why a bundle was refused. Its template is
// importrefused.html.
type ImportRefused struct {
	Frame
	Text, Advice string
	Detail       string // what the API says
	Places       []BundlePlace
	MorePlaces   bool         // there are more
	Items        []ImportItem // what differs
	More         int          // items that aren't shown
	Retry        Form         // without an action: there is none
	Back         string
}

// Template returns the name of the template.
func (ImportRefused) Template() string { return "importrefused.html" }

// BundlePlace is a place in a bundle, and what is wrong with it.
type BundlePlace struct {
	Kind, Name string // empty: it is in no item
	Path       string // JSON Pointer
	Detail     string
}
