package openapitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/openapitest"
)

const document = `{
	"openapi": "3.1.0",
	"paths": {
		"/things": {"get": {"operationId": "list", "responses": {
			"200": {"content": {"application/json": {"schema": {"type": "array"}}}}
		}}},
		"/things/{name}": {
			"get": {"operationId": "get", "responses": {
				"200": {"headers": {"ETag": {}}, "content": {
					"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
				}},
				"304": {}
			}},
			"delete": {"operationId": "delete", "responses": {"204": {}}}
		},
		"/text": {"get": {"operationId": "text", "responses": {
			"200": {"content": {"text/plain": {"schema": {"type": "string", "maxLength": 5}}}}
		}}},
		"/things/special": {"get": {"operationId": "special", "responses": {"204": {}}}}
	},
	"components": {"schemas": {
		"Thing": {"type": "object", "required": ["at"], "additionalProperties": false,
			"properties": {"at": {"type": "string", "format": "date-time"}}},
		"Problem": {"type": "object", "required": ["code"]}
	}}
}`

func response(status int, media string, header ...string) *http.Response {
	res := &http.Response{StatusCode: status, Header: http.Header{}}
	if media != "" {
		res.Header.Set("Content-Type", media)
	}
	for i := 0; i < len(header); i += 2 {
		res.Header.Set(header[i], header[i+1])
	}
	return res
}

func TestResponseIsCheckedAgainstItsOperation(t *testing.T) {
	t.Parallel()
	const asJSON, asProblem = "application/json", "application/problem+json"
	thing := `{"at":"2030-01-02T03:04:05Z"}`
	cases := []struct {
		name, method, path string
		res                *http.Response
		body               string
		wrong              string // part of the error; "" if the response is valid
	}{
		{"valid", "GET", "/things/x", response(200, asJSON, "ETag", `"1"`), thing, ""},
		{"with a parameter of the media type", "GET", "/things/x",
			response(200, asJSON+"; charset=utf-8", "ETag", `"1"`), thing, ""},
		{"an encoded slash", "GET", "/things/a%2Fb", response(200, asJSON, "ETag", `"1"`), thing,
			""},
		{"the literal path first", "GET", "/things/special", response(204, ""), "", ""},
		{"no body", "DELETE", "/things/x", response(204, ""), "", ""},
		{"HEAD as GET", "HEAD", "/things/x", response(200, asJSON, "ETag", `"1"`), "", ""},
		{"not modified", "GET", "/things/x", response(304, ""), "", ""},
		{"an unknown path's problem", "GET", "/nothing", response(404, asProblem), `{"code":"x"}`,
			""},
		{"an unknown method's problem", "PATCH", "/things", response(405, asProblem),
			`{"code":"x"}`,
			""},
		{"plain text", "GET", "/text", response(200, "text/plain; version=0.0.4"), "a 1",
			""},
		{"text that its schema refuses", "GET", "/text", response(200, "text/plain"), "too long",
			"maxLength"},
		{"a missing member", "GET", "/things/x", response(200, asJSON, "ETag", `"1"`), `{}`, "at"},
		{"an unknown member", "GET", "/things/x", response(200, asJSON, "ETag", `"1"`),
			`{"at":"2030-01-02T03:04:05Z","b":1}`, "b"},
		{"an invalid format", "GET", "/things/x", response(200, asJSON, "ETag", `"1"`),
			`{"at":"yesterday"}`, "date-time"},
		{"invalid JSON", "GET", "/things", response(200, asJSON), `[`, "JSON"},
		{"an undeclared status", "GET", "/things", response(201, asJSON), `[]`, "201"},
		{"an undeclared type", "GET", "/things", response(200, "text/plain"), `[]`, "text/plain"},
		{"no type", "GET", "/things", response(200, ""), `[]`, "content type"},
		{"a missing header", "GET", "/things/x", response(200, asJSON), thing, "ETag"},
		{"an undeclared body", "DELETE", "/things/x", response(204, ""), "x", "body"},
		{"a success of an unknown path", "GET", "/nothing", response(200, asJSON), `{}`, "200"},
		{"a plain 404", "GET", "/nothing", response(404, "text/plain"), "404 page not found",
			"not a problem"},
		{"a bad problem", "GET", "/nothing", response(404, asProblem), `{}`, "code"},
		{"an empty segment", "GET", "/things/", response(200, asJSON), thing, "200"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := openapitest.New([]byte(document))
			require.NoError(t, err)
			err = d.Check(c.method, c.path, c.res, []byte(c.body))
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wrong)
		})
	}
}

func TestUnusedReturnsUncalledOperations(t *testing.T) {
	t.Parallel()
	d, err := openapitest.New([]byte(document))
	require.NoError(t, err)
	require.NoError(t, d.Check("GET", "/things", response(200, "application/json"), []byte(`[]`)))
	assert.ElementsMatch(t, []string{"get", "delete", "text", "special"}, d.Unused())
}

func TestInvalidDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `[]`, `{}`, `{"openapi":"3.0.3"}`,
		`{"openapi":"3.1.0","paths":7}`} {
		_, err := openapitest.New([]byte(raw))
		require.Error(t, err, raw)
	}
	d, err := openapitest.New(
		[]byte(strings.Replace(document, "schemas/Thing", "schemas/Nothing", 1)))
	require.NoError(t, err)
	require.Error(t, d.CheckSchemas())
}
