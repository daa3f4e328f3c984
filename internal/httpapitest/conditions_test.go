package httpapitest_test

import (
	"fmt"
	"strings"
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
		{"the tag", `{tag}`, 200, ""},
		{"a list with it", `"7", {tag}`, 200, ""},
		{"a list with it and an empty element", `"7",, {tag} ,`, 200, ""},
		{"any", `*`, 200, ""},
		{"the former tag", `{former}`, 412, tenancy.CodeVersionMismatch},
		{"the same name of another kind", `{agent}`, 412, tenancy.CodeVersionMismatch},
		{"the same name in another tenant", `{beta}`, 412, tenancy.CodeVersionMismatch},
		{"a list without it", `{former},{beta},{agent},"3"`, 412, tenancy.CodeVersionMismatch},
		{"a weak tag", `W/{tag}`, 412, tenancy.CodeVersionMismatch},
		{"the bare version", `"2"`, 412, tenancy.CodeVersionMismatch},
		{"a tag that no item has", `"two"`, 412, tenancy.CodeVersionMismatch},
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
				tags := strings.NewReplacer(
					"{former}", reg.Put(t, path, `{"spec":{"template":"former"}}`).
						Header.Get("ETag"),
					"{tag}", reg.Put(t, path, apitest.PromptBody).Header.Get("ETag"),
					"{agent}", reg.Put(t, strings.Replace(path, "prompts", "agents", 1),
						`{"spec":{}}`).Header.Get("ETag"),
					"{beta}", reg.Do(t, apitest.Put("beta-editor", path, apitest.PromptBody)).
						Header.Get("ETag"))
				req := apitest.Request{As: "acme-editor", Method: method, Path: path,
					Header: map[string]string{"If-Match": tags.Replace(c.match)}}
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
	assert.Contains(t, string(reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/x")).Body),
		`"version":1`)
}

func TestGetOfKnownTagIsNotModified(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	tag := reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody).Header.Get("ETag")
	for match, status := range map[string]int{
		tag: 304, `W/` + tag: 304, `"7", ` + tag: 304, `"7", W/` + tag: 304, `*`: 304,
		`"1"`: 200, `W/"1"`: 200, `""`: 200, `"7", "1"`: 200,
	} {
		res := reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/x",
			Header: map[string]string{"If-None-Match": match}}).Want(t, status)
		assert.Equal(t, tag, res.Header.Get("ETag"))
		assert.Equal(t, status == 304, len(res.Body) == 0)
	}
	reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/x",
		Header: map[string]string{"If-None-Match": "1"}}).WantProblem(t, 422, tenancy.CodeInvalid)
	reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/y",
		Header: map[string]string{"If-None-Match": "*"}}).WantProblem(t, 404, tenancy.CodeNotFound)
}

func TestItemMadeAnewHasAnotherTag(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	const path = "/api/v1/prompts/x"
	get := func(tag string) apitest.Response {
		return reg.Do(t, apitest.Request{As: "acme-viewer", Path: path,
			Header: map[string]string{"If-None-Match": tag}})
	}
	write := func(method, tag string) apitest.Response {
		req := apitest.Request{As: "acme-editor", Method: method, Path: path,
			Header: map[string]string{"If-Match": tag}}
		if method == "PUT" {
			req.Body = `{"spec":{"template":"overwritten"}}`
		}
		return reg.Do(t, req)
	}
	former := reg.Put(t, path, apitest.PromptBody).Header.Get("ETag")
	bundle := exportBundle(t, reg, "acme", "?kind=prompt").Body
	for name, makeAnew := range map[string]func(){
		"by a PUT of other content": func() { reg.Put(t, path, `{"spec":{"template":"other"}}`) },
		"by a PUT of the same":      func() { reg.Put(t, path, apitest.PromptBody) },
		"by an import of the same version": func() {
			importBundle(t, reg, "acme", "", bundle).Want(t, 200)
		},
	} {
		reg.Do(t, apitest.Delete("acme-editor", path)).Want(t, 204)
		makeAnew()
		current := get(`"none"`).Header.Get("ETag")
		assert.NotEqual(t, former, current, name)
		assert.NotEmpty(t, get(former).Want(t, 200).Body, name)
		get(current).Want(t, 304)
		for _, method := range []string{"PUT", "DELETE"} {
			for _, tag := range []string{former, `"0", ` + former, `"1"`} {
				write(method, tag).WantProblem(t, 412, tenancy.CodeVersionMismatch)
			}
		}
	}
}

func TestEqualDefaultsOfTwoTenantsHaveDifferentTags(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	tags := map[string]bool{}
	for _, tenant := range []string{"acme", "beta"} {
		for _, path := range []string{"/api/v1/defaults/default", "/api/v1/tenants/" + tenant} {
			tag := reg.Do(t, apitest.Get(tenant+"-viewer", path)).Want(t, 200).Header.Get("ETag")
			assert.False(t, tags[tag], "%s of %s", path, tenant)
			tags[tag] = true
		}
	}
}
