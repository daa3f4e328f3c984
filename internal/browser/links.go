package browser

import "context"

// Link is an a element with an address.
type Link struct {
	URL               string // absolute
	Text, Rel, Target string
}

// Links returns the page's links in the order of the document.
func (p *Page) Links() []Link {
	p.t.Helper()
	return get(p, "list the links", func(ctx context.Context) ([]Link, error) {
		return script[[]Link](ctx, p, "links")
	})
}

// Form is a form element.
type Form struct {
	ID, Action, Method, Enctype string // Action is absolute, Method GET or POST
	Fields                      []Field
}

// Field is a field or button of a form that has a name.
type Field struct {
	Name, Type, Value           string
	Required, Disabled, Checked bool
	Options                     []string // the values of a select element
}

// Forms returns the page's forms in the order of the document.
func (p *Page) Forms() []Form {
	p.t.Helper()
	return get(p, "list the forms", func(ctx context.Context) ([]Form, error) {
		return script[[]Form](ctx, p, "forms")
	})
}

// FieldError is what a page says about a field that it refused, one with aria-invalid="true".
type FieldError struct {
	Field string // its name
	Label string
	Text  string // visible, and named by aria-describedby
	Fault string // why Text is empty
}

// FieldErrors returns the fields that the page refused, in the order of the document.
func (p *Page) FieldErrors() []FieldError {
	p.t.Helper()
	return get(p, "list the refused fields", func(ctx context.Context) ([]FieldError, error) {
		return script[[]FieldError](ctx, p, "fieldErrors")
	})
}
