package httpapitest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestAWriteCanDependOnTheVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
				w.put(t, path, aPrompt)
				w.put(t, path, aPrompt)
				a := ask{as: "acme-editor", method: method, path: path,
					header: map[string]string{"If-Match": c.match}}
				if method == "PUT" {
					a.body = `{"spec":{"template":"changed"}}`
				}
				g := w.do(t, a)
				if c.code != "" {
					g.refused(t, c.status, c.code)
					assert.Contains(t, string(w.do(t, ask{as: "acme-viewer", path: path}).
						ok(t, 200).body), "Hello", "nothing is written")
					return
				}
				if method == "DELETE" {
					c.status = 204
				}
				g.ok(t, c.status)
			})
		}
	}
}

func TestAnyVersionMeansThereMustBeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, match := range []string{"*", `"1"`, `"1","2"`} {
		a := ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/x", body: aPrompt,
			header: map[string]string{"If-Match": match}}
		w.do(t, a).refused(t, 412, tenancy.CodeVersionMismatch)
	}
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/x"}).refused(t, 404, tenancy.CodeNotFound)
}

func TestAPutCanBeCreateOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(noneMatch string) got {
		return w.do(t, ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/x",
			body: aPrompt, header: map[string]string{"If-None-Match": noneMatch}})
	}
	put("*").ok(t, 201)
	put("*").refused(t, 412, tenancy.CodeAlreadyExists)
	put(`"1"`).refused(t, 422, tenancy.CodeInvalid)
	put(`nonsense`).refused(t, 422, tenancy.CodeInvalid)
	assert.Equal(t, `"1"`, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/x"}).
		header.Get("ETag"))
}

func TestAGetOfAKnownVersionHasNoBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/prompts/x", aPrompt)
	for match, status := range map[string]int{
		`"1"`: 304, `W/"1"`: 304, `"7", "1"`: 304, `*`: 304, `"2"`: 200, `"01"`: 200, `W/"2"`: 200,
	} {
		g := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/x",
			header: map[string]string{"If-None-Match": match}}).ok(t, status)
		assert.Equal(t, `"1"`, g.header.Get("ETag"))
		assert.Equal(t, status == 304, len(g.body) == 0)
	}
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/x",
		header: map[string]string{"If-None-Match": "1"}}).refused(t, 422, tenancy.CodeInvalid)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/y",
		header: map[string]string{"If-None-Match": "*"}}).refused(t, 404, tenancy.CodeNotFound)
}
