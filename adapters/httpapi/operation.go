package httpapi

import (
	"cmp"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// access says who may call an operation.
type access int

const (
	anyone       access = iota // needs no credentials and reads none
	optionalAuth               // needs no credentials, but refuses wrong ones
	signedIn                   // needs valid credentials; the use case checks the rest
	// managesTenant needs the operation's permission in the tenant that the path names. A
	// super-admin may call it in any state of the tenant, even deleted.
	managesTenant
	worksInTenant // needs the operation's permission in the resolved tenant
)

// operation is one route. The router and the OpenAPI document are both built from
// the same operations.
type operation struct {
	id      string // operationId
	method  string
	path    string // a path template, after [Options.Prefix]
	tag     string
	summary string

	access         access
	optionalCaller bool               // anyone may call it; the result depends on the caller
	needs          tenancy.Permission // the caller's role must allow it; "" needs none

	mayBeReadOnly bool // a call may only read, whatever the method

	params             []parameter // of the query
	allowUnknownParams bool        // ignores other query parameters
	conditionalHeaders []string    // the conditional headers that the operation reads
	body               body        // none if its schema is nil
	response           response
	moreResponses      []response     // further successes
	codes              []tenancy.Code // problems that the other fields don't imply

	handle func(w http.ResponseWriter, c *call) error
}

// readQuery parses the query string of a call of the operation.
func (op operation) readQuery(raw string) (querystring.Values, error) {
	declared := make([]querystring.Parameter, len(op.params))
	for i, p := range op.params {
		declared[i] = querystring.Parameter{Name: p.name, MaxValues: p.mostValues()}
	}
	if op.allowUnknownParams {
		return querystring.Lenient(raw, declared)
	}
	return querystring.Parse(raw, declared)
}

// parameter is a parameter of the query string.
type parameter struct {
	name       string
	doc        string
	schema     *huma.Schema
	repeatable bool
	maxValues  int // of a repeatable parameter; defaults to [querystring.MaxValues]
}

// mostValues returns how many values the parameter may have in one query.
func (p parameter) mostValues() int {
	if !p.repeatable {
		return 1
	}
	return cmp.Or(p.maxValues, querystring.MaxValues)
}

// body describes the body of a request.
type body struct {
	media  []string // the accepted media types
	schema schemaOf
}

// response describes a successful response.
type response struct {
	status  int
	doc     string
	media   string   // defaults to requestbody.JSONType
	schema  schemaOf // nil: no body
	headers []string
}

// schemaOf builds a schema in the document's registry.
type schemaOf func(r huma.Registry) *huma.Schema

// goType returns the schema of a Go type.
func goType[T any]() schemaOf {
	return func(r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[T](), true, "") }
}

// component returns a reference to the document's schema of that name.
func component(name string) schemaOf {
	return func(huma.Registry) *huma.Schema { return &huma.Schema{Ref: schemas.Prefix + name} }
}

// jsonBody describes a JSON body of one Go type.
func jsonBody[T any]() body {
	return body{media: []string{requestbody.JSONType}, schema: goType[T]()}
}

// The parameters that several routes share.
var (
	limitParam = parameter{name: "limit", doc: "the number of items on a page",
		schema: &huma.Schema{
			Type: huma.TypeInteger, Minimum: ptr(1.0), Maximum: ptr(float64(querystring.MaxLimit)),
			Default: querystring.DefaultLimit,
		}}
	cursorParam = parameter{name: "cursor",
		doc:    "next_cursor of the previous page, with the same query",
		schema: &huma.Schema{Type: huma.TypeString}}
	labelParam = parameter{name: "label",
		doc:        "only items with this label, as key=value; if repeated, with all of them",
		repeatable: true, schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[^=]+="}}
	searchParam       = searchFor("the name or the description")
	tenantSearchParam = searchFor("the slug or the name")
	personSearchParam = searchFor("the name or the e-mail address")
	pageParams        = []parameter{limitParam, cursorParam}
)

// searchFor describes the parameter that searches a list by some of its texts.
func searchFor(texts string) parameter {
	return parameter{name: "q", doc: "a case-insensitive substring of " + texts,
		schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(querystring.MaxSearch)}}
}

func ptr[T any](v T) *T { return &v }
