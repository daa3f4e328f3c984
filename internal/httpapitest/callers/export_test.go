package callers_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// putSelectable creates resources of acme that refer to each other, and one of beta.
func putSelectable(t *testing.T, reg *apitest.Registry) {
	t.Helper()
	reg.Put(t, "/api/v1/prompts/hello", `{"labels":{"équipe":"a=b"},"spec":{"template":"x"}}`)
	reg.Put(t, "/api/v1/prompts/caf%C3%A9", `{"spec":{"template":"y"}}`)
	reg.Put(t, "/api/v1/mcp-servers/weather", `{"spec":{}}`)
	reg.Put(t, "/api/v1/model-configs/gpt", `{"spec":{"provider":"p","api_key":"sk-secret"}}`)
	reg.Put(t, "/api/v1/agents/base", `{"spec":{"model_config":"gpt"}}`)
	reg.Put(t, "/api/v1/agents/io.github%2Fx",
		`{"labels":{"team":"a"},"spec":{"extends":"base","prompts":["hello"]}}`)
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/prompts/theirs", `{"spec":{"template":"t"}}`)).
		Want(t, 201)
}

func exportPath(query string) string { return "/api/v1/tenants/acme/export?" + query }

func TestExportSelectsByKindNameAndLabel(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putSelectable(t, reg)
	const everyReference = "agent/base agent/io.github/x model_config/gpt prompt/hello"
	for query, want := range map[string]string{
		"name=hello":                                      "prompt/hello",
		"name=hello&name=base&name=hello":                 "agent/base prompt/hello",
		"name=cafe%CC%81":                                 "prompt/café", // as two characters
		"name=io.github%2Fx&kind=agent":                   "agent/io.github/x",
		"name=hello&label=e%CC%81quipe%3Da%3Db":           "prompt/hello",
		"name=io.github%2Fx&with_references=false":        "agent/io.github/x",
		"name=io.github%2Fx&with_references=true":         everyReference,
		"label=team%3Da&with_references=true":             everyReference,
		"kind=agent&with_references=true":                 everyReference,
		"kind=model_config&with_references=true":          "model_config/gpt",
		"kind=prompt&label=team%3Da&with_references=true": "",
	} {
		res := reg.Do(t, apitest.Get("acme-viewer", exportPath(query))).Want(t, 200)
		bundle := apitest.Decode[struct{ Items []federation.Ref }](t, res)
		var got []string
		for _, ref := range bundle.Items {
			got = append(got, ref.Kind+"/"+ref.Name)
		}
		assert.Equal(t, want, strings.Join(got, " "), query)
		again := reg.Do(t, apitest.Get("acme-viewer", exportPath(query))).Want(t, 200)
		assert.Equal(t, string(res.Body), string(again.Body), query)
		assert.NotContains(t, string(res.Body), "sk-secret")
	}
}

func TestExportWithReferencesCanBeImportedElsewhere(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putSelectable(t, reg)
	imported := func(query string) apitest.Response {
		bundle := reg.Do(t, apitest.Get("acme-viewer", exportPath(query))).Want(t, 200).Body
		return reg.Do(t, apitest.Request{As: "beta-admin", Method: "POST",
			Path: "/api/v1/tenants/beta/import", Body: string(bundle),
			Header: map[string]string{"Content-Type": federation.BundleMediaType}})
	}
	imported("name=io.github%2Fx").WantProblem(t, 422, tenancy.CodeDanglingReference)
	imported("name=io.github%2Fx&with_references=true").Want(t, 200)
}

func TestExportOfAMissingNameIsNotFound(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putSelectable(t, reg)
	var hundreds []string
	for n := range 999 {
		hundreds = append(hundreds, fmt.Sprintf("name=n%03d", n))
	}
	for query, missing := range map[string]string{
		"name=helo":                                 "helo",
		"name=hello&name=helo":                      "helo",
		"name=theirs":                               "theirs", // beta's
		"name=theirs&with_references=true":          "theirs",
		"name=hello&kind=agent":                     "hello", // a prompt
		"name=weather&label=team%3Da":               "weather",
		"name=hello&" + strings.Join(hundreds, "&"): "n000",
		"name=" + url.QueryEscape("' OR true --"):   "' OR true --",
		"name=%25":                                  "%",
		"name=%3F0":                                 "?0",
	} {
		problem := reg.Do(t, apitest.Get("acme-viewer", exportPath(query))).
			WantProblem(t, 404, tenancy.CodeNotFound)
		assert.Contains(t, problem.Detail, fmt.Sprintf("%q", missing), query)
	}
	details := map[string]bool{}
	for _, name := range []string{"theirs", "unknown"} {
		problem := reg.Do(t, apitest.Get("acme-viewer", exportPath("name="+name))).
			WantProblem(t, 404, tenancy.CodeNotFound)
		details[strings.ReplaceAll(problem.Detail, name, "NAME")] = true
	}
	assert.Len(t, details, 1, "another tenant's name is unknown")
}

func TestExportRefusesInvalidSelections(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putSelectable(t, reg)
	for query, names := range map[string]string{
		"names=hello":                               `"names"`,
		"with_reference=true":                       `"with_reference"`,
		"with_references=yes":                       `"with_references"`,
		"with_references=":                          `"with_references"`,
		"with_references=true&with_references=true": `"with_references"`,
		"name=":                              `"name"`,
		"name=%20hello":                      `"name"`,
		"name=a%00b":                         `"name"`,
		"name=%FF":                           `"name"`,
		"name=a%E2%80%8Bb":                   `"name"`, // a zero-width space
		"name=" + strings.Repeat("a", 257):   `"name"`,
		strings.Repeat("name=hello&", 9_000): `"name"`,
		"kind=helo&name=hello":               `"helo"`,
		"name=hello&label=team":              `"label"`,
	} {
		problem := reg.Do(t, apitest.Get("acme-viewer", exportPath(query))).
			WantProblem(t, 422, tenancy.CodeInvalid)
		assert.Contains(t, problem.Detail, names, query)
	}
}
