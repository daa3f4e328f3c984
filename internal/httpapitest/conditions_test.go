package httpapitest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestWriteDependsOnIfMatch(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	cases := []struct {
		name, match string
		status      int
		code        tenancy.Code
	}{
		{"the version", `"2"`, 200, ""},
		{"a list with it", `"7", "2"`, 200, ""},
		{"a list with it and an empty element", `"7",, "2" ,`, 200, ""},
		{"any", `*`, 200, ""},
		{"an older version", `"1"`, 412, tenancy.CodeVersionMismatch},
		{"a list without it", `"1","3"`, 412, tenancy.CodeVersionMismatch},
		{"a weak tag", `W/"2"`, 412, tenancy.CodeVersionMismatch},
		{"a tag that no version has", `"two"`, 412, tenancy.CodeVersionMismatch},
		{"another spelling", `"02"`, 412, tenancy.CodeVersionMismatch},
		{"zero", `"0"`, 412, tenancy.CodeVersionMismatch},
		{"a negative one", `"-2"`, 412, tenancy.CodeVersionMismatch},
		{"beyond 64 bits", `"99999999999999999999"`, 412, tenancy.CodeVersionMismatch},
		{"an empty tag", `""`, 412, tenancy.CodeVersionMismatch},
		{"no quotes", `2`, 422, tenancy.CodeInvalid},
		{"an open quote", `"2`, 422, tenancy.CodeInvalid},
		{"two tags without a comma", `"2" "3"`, 422, tenancy.CodeInvalid},
		{"a star in a list", `"2", *`, 422, tenancy.CodeInvalid},
		{"nothing", ``, 422, tenancy.CodeInvalid},
		{"a space in a tag", `"2 "`, 422, tenancy.CodeInvalid},
		{"a lower-case weak mark", `w/"2"`, 422, tenancy.CodeInvalid},
	}
	for _, method := range []string{"PUT", "DELETE"} {
		for i, c := range cases {
			t.Run(method+" "+c.name, func(t *testing.T) {
				path := fmt.Sprintf("/api/v1/prompts/%s%d", method, i)
				reg.Put(t, path, apitest.PromptBody)
				reg.Put(t, path, apitest.PromptBody)
				req := apitest.Request{As: "acme-editor", Method: method, Path: path,
					Header: map[string]string{"If-Match": c.match}}
				if method == "PUT" {
					req.Body = `{"spec":{"template":"changed"}}`
				}
				res := reg.Do(t, req)
				if c.code != "" {
					res.WantProblem(t, c.status, c.code)
					assert.Contains(t, string(reg.Do(t, apitest.Get("acme-viewer", path)).
						Want(t, 200).Body), "Hello", "nothing is written")
					return
				}
				if method == "DELETE" {
					c.status = 204
				}
				res.Want(t, c.status)
			})
		}
	}
}

func TestIfMatchRequiresAnExistingResource(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, match := range []string{"*", `"1"`, `"1","2"`} {
		req := apitest.Request{As: "acme-editor", Method: "PUT", Path: "/api/v1/prompts/x",
			Body:   apitest.PromptBody,
			Header: map[string]string{"If-Match": match}}
		reg.Do(t, req).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	}
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/x")).
		WantProblem(t, 404, tenancy.CodeNotFound)
}

func TestIfNoneMatchMakesPutCreateOnly(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	put := func(noneMatch string) apitest.Response {
		return reg.Do(t, apitest.Request{As: "acme-editor", Method: "PUT",
			Path: "/api/v1/prompts/x",
			Body: apitest.PromptBody, Header: map[string]string{"If-None-Match": noneMatch}})
	}
	put("*").Want(t, 201)
	put("*").WantProblem(t, 412, tenancy.CodeAlreadyExists)
	put(`"1"`).WantProblem(t, 422, tenancy.CodeInvalid)
	put(`nonsense`).WantProblem(t, 422, tenancy.CodeInvalid)
	assert.Equal(t, `"1"`, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/x")).
		Header.Get("ETag"))
}

func TestGetOfKnownVersionIsNotModified(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody)
	for match, status := range map[string]int{
		`"1"`: 304, `W/"1"`: 304, `"7", "1"`: 304, `*`: 304, `"2"`: 200, `"01"`: 200, `W/"2"`: 200,
	} {
		res := reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/x",
			Header: map[string]string{"If-None-Match": match}}).Want(t, status)
		assert.Equal(t, `"1"`, res.Header.Get("ETag"))
		assert.Equal(t, status == 304, len(res.Body) == 0)
	}
	reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/x",
		Header: map[string]string{"If-None-Match": "1"}}).WantProblem(t, 422, tenancy.CodeInvalid)
	reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/y",
		Header: map[string]string{"If-None-Match": "*"}}).WantProblem(t, 404, tenancy.CodeNotFound)
}
