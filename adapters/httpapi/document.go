package httpapi

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// The security schemes.
const (
	bearerScheme  = "bearer"
	sessionScheme = "session"
)

// document builds the OpenAPI 3.1 document of the operations.
func (a *api) document(ops []operation) ([]byte, error) {
	registry := huma.NewMapRegistry(schemas.Prefix, schemaName)
	registerEnums(registry)
	if a.problems.host == nil {
		registry.Map()["Problem"] = schemas.Problem()
	}
	registry.Map()["Bundle"] = schemas.Bundle()
	for _, kind := range a.services.Kinds.All() {
		for name, schema := range schemas.KindComponents(kind) {
			if registry.Map()[name] != nil {
				return nil, fmt.Errorf("two kinds have the schema %s: rename the kind %s", name,
					kind.Name)
			}
			registry.Map()[name] = schema
		}
	}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: a.title, Version: a.version},
		Servers: []*huma.Server{{URL: a.prefix + "/"}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{bearerScheme: {
				Type: "http", Scheme: "bearer", Description: "the platform token or an API key",
			}},
		},
	}
	for _, op := range ops {
		described := op.describe(registry, a.multiTenant)
		for status, codes := range op.problems() {
			described.Responses[strconv.Itoa(status)] = a.problemResponse(status, codes)
		}
		if a.signin != nil && op.access != anyone {
			described.Security = append(described.Security, map[string][]string{sessionScheme: {}})
		}
		doc.AddOperation(described)
	}
	if a.signin != nil {
		doc.Components.SecuritySchemes[sessionScheme] = &huma.SecurityScheme{
			Type: "apiKey", In: "cookie", Name: "__Host-" + sessionCookie,
			Description: "the cookie of a signed-in user; under a path prefix its name is" +
				" __Secure-" + sessionCookie + ", and over plain HTTP " + sessionCookie,
		}
	}
	return marshal(doc)
}

// schemaName names the schema of a Go type: the type's name without "Body", and with
// "Page" at the end instead of at the beginning. The schema Actor is the one of actorBody,
// whose members are optional.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[tenancy.Actor]() {
		return "AuditActor"
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if rest, ok := strings.CutPrefix(name, "Page"); ok && rest != "" {
		return strings.TrimSuffix(rest, "Body") + "Page"
	}
	return strings.TrimSuffix(name, "Body")
}

// describe returns the operation's entry in the document.
func (op operation) describe(r huma.Registry, multiTenant bool) *huma.Operation {
	d := &huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Tags: []string{op.tag},
		Summary:    op.summary,
		Parameters: slices.Concat(op.pathParams(), op.queryParams(), op.headerParams(multiTenant)),
		Responses:  map[string]*huma.Response{},
	}
	if op.access != anyone {
		d.Security = []map[string][]string{{bearerScheme: op.requiredRoles()}}
	}
	if op.access == optionalAuth {
		d.Security = append(d.Security, map[string][]string{})
	}
	if op.needs != "" {
		d.Extensions = map[string]any{"x-permission": op.needs,
			"x-required-role": leastRole(op.needs)}
	}
	if op.body.schema != nil {
		schema := op.body.schema(r)
		content := map[string]*huma.MediaType{}
		for _, media := range op.body.media {
			content[media] = &huma.MediaType{Schema: schema}
		}
		d.RequestBody = &huma.RequestBody{Required: true, Content: content}
	}
	for _, res := range append([]response{op.response}, op.moreResponses...) {
		d.Responses[strconv.Itoa(res.status)] = res.describe(r)
	}
	return d
}

// superAdmin is the required role in the document if no role in a tenant is enough.
const superAdmin = "super_admin"

// requiredRoles returns the role names of a security requirement (OpenAPI 3.1,
// Security Requirement Object).
func (op operation) requiredRoles() []string {
	if op.needs == "" {
		return []string{}
	}
	return []string{leastRole(op.needs)}
}

// leastRole returns the first of the roles that allow p.
func leastRole(p tenancy.Permission) string {
	grant, ok := tenancy.GrantOf(p)
	if !ok || len(grant.Roles) == 0 {
		return superAdmin
	}
	return string(grant.Roles[0])
}

// describe returns the response's entry in the document. Every response has the header
// X-Request-ID.
func (res response) describe(r huma.Registry) *huma.Response {
	d := &huma.Response{Description: res.doc,
		Headers: map[string]*huma.Param{requestIDHeader: textHeader("the id of the request")}}
	for _, name := range res.headers {
		d.Headers[name] = textHeader("")
	}
	if res.schema != nil {
		media := res.media
		if media == "" {
			media = requestbody.JSONType
		}
		d.Content = map[string]*huma.MediaType{media: {Schema: res.schema(r)}}
	}
	return d
}

func textHeader(doc string) *huma.Param {
	return &huma.Param{Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
}

// problemResponse describes the problems of one status. It lists their codes, and its
// schema allows no others. The format of a host is unknown.
func (a *api) problemResponse(status int, codes []tenancy.Code) *huma.Response {
	var list []string
	code := &huma.Schema{Type: huma.TypeString}
	for _, c := range codes {
		list = append(list, string(c))
		code.Enum = append(code.Enum, string(c))
	}
	schema := &huma.Schema{AllOf: []*huma.Schema{
		{Ref: schemas.Prefix + "Problem"},
		{Properties: map[string]*huma.Schema{"code": code}},
	}}
	content := map[string]*huma.MediaType{ProblemType: {Schema: schema}}
	if a.problems.host != nil {
		content = map[string]*huma.MediaType{"*/*": {}}
	}
	return &huma.Response{
		Description: http.StatusText(status) + ": " + strings.Join(list, ", "),
		Headers:     map[string]*huma.Param{requestIDHeader: textHeader("the id of the request")},
		Content:     content,
	}
}

// problems returns the codes of the operation's problems by status: op.codes, and
// those that its access, its query and its body imply.
func (op operation) problems() map[int][]tenancy.Code {
	// Every operation parses its query and can meet a fault.
	codes := slices.Concat(op.codes,
		[]tenancy.Code{tenancy.CodeInvalid, tenancy.CodeInternal, tenancy.CodeUnavailable})
	if op.access != anyone {
		codes = append(codes, tenancy.CodeUnauthenticated, tenancy.CodeTooManyAttempts)
	}
	if op.access == managesTenant || op.access == worksInTenant {
		codes = append(codes, tenancy.CodeTooManyRequests)
	}
	switch op.access {
	case managesTenant:
		codes = append(codes, tenancy.CodeReasonRequired, tenancy.CodeTenantMismatch,
			tenancy.CodeTenantNotFound, tenancy.CodeForbidden, tenancy.CodeTenantSuspended)
	case worksInTenant:
		codes = append(codes, tenancy.CodeReasonRequired, tenancy.CodeNoTenant,
			tenancy.CodeTenantMismatch, tenancy.CodeTenantNotFound, tenancy.CodeForbidden,
			tenancy.CodeTenantSuspended)
	}
	if op.body.schema != nil {
		codes = append(codes, tenancy.CodeInvalidJSON, tenancy.CodeInexactNumber,
			tenancy.CodeUnknownField, tenancy.CodeTooLarge, CodeUnsupportedMediaType,
			CodeRequestTimeout)
	}
	if slices.ContainsFunc(op.params,
		func(p parameter) bool { return p.name == cursorParam.name }) {
		codes = append(codes, tenancy.CodeInvalidCursor)
	}
	if slices.Contains(op.conditionalHeaders, ifMatch) {
		codes = append(codes, tenancy.CodeVersionMismatch)
	}
	slices.Sort(codes)
	byStatus := map[int][]tenancy.Code{}
	for _, code := range slices.Compact(codes) {
		byStatus[statuses[code]] = append(byStatus[statuses[code]], code)
	}
	// createOnlyError gives this code another status than the table.
	if slices.Contains(op.conditionalHeaders, ifNoneMatch) && op.method != http.MethodGet {
		byStatus[http.StatusPreconditionFailed] = append(byStatus[http.StatusPreconditionFailed],
			tenancy.CodeAlreadyExists)
	}
	return byStatus
}

// pathParams describes the wildcards of the path, all of which are required.
func (op operation) pathParams() []*huma.Param {
	var params []*huma.Param
	for segment := range strings.SplitSeq(op.path, "/") {
		name, ok := strings.CutPrefix(segment, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		params = append(params, &huma.Param{
			Name: name, In: "path", Required: true, Description: pathDocs[name],
			Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	return params
}

var pathDocs = map[string]string{
	resolve.PathValue: "the tenant's id or slug",
	"name":            "the name, percent-encoded as one path segment",
	"id":              "the id",
	"user_id":         "the user's id",
}

// queryParams describes the query. A repeatable parameter is an array that is sent as
// name=a&name=b (style form, exploded).
func (op operation) queryParams() []*huma.Param {
	var params []*huma.Param
	for _, p := range op.params {
		d := &huma.Param{Name: p.name, In: "query", Description: p.doc, Schema: p.schema}
		if p.repeatable {
			d.Schema = &huma.Schema{Type: huma.TypeArray, Items: p.schema,
				MaxItems: ptr(p.mostValues())}
			d.Style, d.Explode = "form", ptr(true)
		}
		params = append(params, d)
	}
	return params
}

// headerParams describes the request headers that the operation reads, except
// Authorization, which the security schemes describe.
func (op operation) headerParams(multiTenant bool) []*huma.Param {
	var params []*huma.Param
	add := func(name, doc string) {
		params = append(params, &huma.Param{Name: name, In: "header", Description: doc,
			Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if op.access == worksInTenant && multiTenant {
		add(resolve.Header, "the tenant's id or slug; optional if the host name, the path or"+
			" the API key names the tenant")
	}
	if op.access == worksInTenant || op.access == managesTenant {
		add(ReasonHeader, "why a super-admin acts in the tenant; required by the tenant's"+
			" setting require_reason")
	}
	for _, name := range op.conditionalHeaders {
		add(name, conditionalDocs[name])
	}
	return params
}

const (
	ifMatch     = "If-Match"
	ifNoneMatch = "If-None-Match"
)

var conditionalDocs = map[string]string{
	ifMatch:     `the ETag of the stored version, or * for any version`,
	ifNoneMatch: `for GET the known ETags; for PUT only *: create, never replace`,
}
