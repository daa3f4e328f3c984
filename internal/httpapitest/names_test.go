package httpapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestNamesThatLookTheSameAreOneName(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	const composed, decomposed = "caf%C3%A9", "cafe%CC%81"
	reg.Put(t, "/api/v1/prompts/"+decomposed, apitest.PromptBody).Want(t, http.StatusCreated)
	created := reg.Put(t, "/api/v1/prompts/"+composed, apitest.PromptBody)
	created.Want(t, http.StatusOK)
	for _, name := range []string{composed, decomposed} {
		res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/"+name)).Want(t, 200)
		assert.Contains(t, string(res.Body), `"name":"café"`)
	}
	reg.Put(t, "/api/v1/agents/a", `{"labels":{"cafe\u0301":"x"},"spec":{"prompts":["cafe\u0301"]}}`)
	res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents?label=cafe%CC%81%3Dx"))
	assert.Equal(t, []string{"a"}, res.Names(t))
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/"+decomposed)).
		WantProblem(t, http.StatusConflict, tenancy.CodeReferenced)
	reg.Do(t, apitest.Put("acme-editor", "/api/v1/agents/a",
		`{"spec":{"prompts":["caf\u00e9","cafe\u0301"]}}`)).
		WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
	reg.Do(t, apitest.Put("acme-editor", "/api/v1/agents/a", `{"spec":{}}`)).Want(t, 200)
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/"+decomposed)).Want(t, 204)

	key := reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
		`{"name":"cafe\u0301","role":"viewer"}`)).Want(t, http.StatusCreated)
	assert.Contains(t, string(key.Body), `"name":"café"`)
}

func TestInvisibleCharactersAreRefusedInEveryName(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, c := range []string{"%E2%80%AE", "%E2%80%8B", "%EF%BB%BF", "%E2%80%A8", "%C2%AD"} {
		reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/a"+c+"b", apitest.PromptBody)).
			WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/a"+c+"b")).
			WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
		reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme/secrets/a"+c, `{"value":"v"}`)).
			WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
	}
	for _, c := range []string{"\\u202e", "\\u200d", "\\ufeff", "\\u2029", "\\u2066", "\\ufe0f"} {
		for _, req := range []apitest.Request{
			apitest.Put("acme-editor", "/api/v1/agents/a", `{"labels":{"a`+c+`":"x"},"spec":{}}`),
			apitest.Put("acme-editor", "/api/v1/agents/a", `{"spec":{"prompts":["a`+c+`"]}}`),
			apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
				`{"name":"a`+c+`","role":"viewer"}`),
			apitest.Put("acme-admin", "/api/v1/tenants/acme", `{"name":"a`+c+`"}`),
			apitest.Post("root", "/api/v1/tenants", `{"slug":"gamma","name":"a`+c+`"}`),
			apitest.Post("root", "/api/v1/users", `{"email":"a@example.com","name":"a`+c+`"}`),
		} {
			reg.Do(t, req).WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
		}
	}
}
