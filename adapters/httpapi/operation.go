package httpapi

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// access says who may call an operation.
type access int

const (
	anyone       access = iota // no credentials are asked for
	optionalAuth               // the same, and those that are sent count: wrong ones are refused
	signedIn                   // whoever has valid credentials; the use case decides the rest
	// manages the tenant that the path names, in any state, with what the operation needs
	managesTenant
	worksInTenant // works in the resolved tenant, in which the caller has what the operation needs
)

// operation is one route. The router and the OpenAPI document are both made from
// the same operations.
type operation struct {
	id      string // operationId
	method  string
	path    string // a path template, behind [Options.Prefix]
	tag     string
	summary string

	access         access
	optionalCaller bool // anyone may call it, but who does makes a difference
	// what the caller's role must allow; "" is nothing in particular
	needs tenancy.Permission

	mayBeReadOnly bool // it may write nothing, and show what there is

	params             []parameter // of the query
	allowUnknownParams bool        // others may stand there and are left out
	conditionalHeaders []string    // conditional headers that the operation heeds
	body               body        // none where its schema is nil
	response           response
	moreResponses      []response // further successes
	// problems of the operation's own, beside those that its other parts imply
	codes []tenancy.Code

	handle func(w http.ResponseWriter, c *call) error
}

// parameter is a parameter of the query string.
type parameter struct {
	name       string
	doc        string
	schema     *huma.Schema
	repeatable bool
}

// body is what a request carries.
type body struct {
	media  []string // [0] is the documented one
	schema schemaOf
}

// response is a success.
type response struct {
	status  int
	doc     string
	media   string   // jsonType where it is empty
	schema  schemaOf // nil: no body
	headers []string
}

// schemaOf makes a schema in the document's registry.
type schemaOf func(r huma.Registry) *huma.Schema

// goType is the schema of a Go type.
func goType[T any]() schemaOf {
	return func(r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[T](), true, "") }
}

// component refers to a schema that the document has under name.
func component(name string) schemaOf {
	return func(huma.Registry) *huma.Schema { return &huma.Schema{Ref: componentPrefix + name} }
}

// jsonBody is a request body of one Go type.
func jsonBody[T any]() body { return body{media: []string{jsonType}, schema: goType[T]()} }

// The parameters that several routes share.
var (
	limitParam = parameter{name: "limit", doc: "how many items a page has", schema: &huma.Schema{
		Type: huma.TypeInteger, Minimum: ptr(1.0), Maximum: ptr(float64(maxLimit)),
		Default: defaultLimit,
	}}
	cursorParam = parameter{name: "cursor",
		doc:    "next_cursor of the page before, with the same query",
		schema: &huma.Schema{Type: huma.TypeString}}
	labelParam = parameter{name: "label",
		doc:        "only items with this label, as key=value; all of them where it is repeated",
		repeatable: true, schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[^=]+="}}
	searchParam = parameter{
		name: "q", doc: "a case-insensitive substring of the name or the description",
		schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxSearch)}}
	pageParams = []parameter{limitParam, cursorParam}
)

func ptr[T any](v T) *T { return &v }
