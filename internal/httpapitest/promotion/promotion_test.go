package promotion_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	acme = "/api/v1/tenants/acme"
	beta = "/api/v1/tenants/beta"
)

// registry has a source, acme, and a target, beta.
type registry struct {
	*apitest.Registry
	t *testing.T
}

func newRegistry(t *testing.T) registry { return registry{apitest.New(t), t} }

func (r registry) put(tenant, prompt, spec string) {
	r.t.Helper()
	req := apitest.Put(tenant+"-editor", "/api/v1/prompts/"+prompt, `{"spec":`+spec+`}`)
	res := r.Do(r.t, req)
	require.Contains(r.t, []int{http.StatusOK, http.StatusCreated}, res.Status, "%s", res.Body)
}

func (r registry) delete(tenant, prompt string) {
	r.t.Helper()
	r.Do(r.t, apitest.Delete(tenant+"-editor", "/api/v1/prompts/"+prompt)).
		Want(r.t, http.StatusNoContent)
}

// promote imports an export of acme into beta.
func (r registry) promote(export, query string) apitest.Response {
	r.t.Helper()
	bundle := r.Do(r.t, apitest.Get("acme-viewer", acme+"/export"+export)).Want(r.t, http.StatusOK)
	return r.Do(r.t, apitest.Post("beta-admin", beta+"/import"+query, string(bundle.Body)))
}

// actions are what a report says of prompts.
func (r registry) actions(res apitest.Response) map[string]string {
	r.t.Helper()
	res.Want(r.t, http.StatusOK)
	var report struct {
		Items []struct{ Kind, Name, Action string }
	}
	require.NoError(r.t, json.Unmarshal(res.Body, &report))
	found := map[string]string{}
	for _, item := range report.Items {
		if item.Kind == "prompt" {
			found[item.Name] = item.Action
		}
	}
	return found
}

func TestSecondPromotionKeepsWhatTheTargetChanged(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	for _, name := range []string{"a", "b", "c"} {
		r.put("acme", name, `{"template":"one"}`)
	}
	r.promote("?kind=prompt", "").Want(t, http.StatusOK)
	r.put("acme", "a", `{"template":"two"}`)
	r.put("beta", "b", `{"template":"ours"}`)
	r.put("acme", "c", `{"template":"theirs"}`)
	r.put("beta", "c", `{"template":"ours"}`)
	refused := r.promote("?kind=prompt", "")
	refused.WantProblem(t, http.StatusConflict, tenancy.CodeImportConflict)
	var problem struct {
		Items []struct {
			Conflict struct{ Base, Ours, Theirs struct{ Spec map[string]any } }
		}
	}
	require.NoError(t, json.Unmarshal(refused.Body, &problem))
	require.Len(t, problem.Items, 1)
	sides := problem.Items[0].Conflict
	assert.Equal(t, []any{"one", "ours", "theirs"}, []any{sides.Base.Spec["template"],
		sides.Ours.Spec["template"], sides.Theirs.Spec["template"]})
	assert.Equal(t, map[string]string{"a": "update", "b": "keep", "c": "skip"},
		r.actions(r.promote("?kind=prompt", "?strategy=skip")))
}

func TestPruneAsksBeforeItDeletesMuch(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	for _, name := range []string{"a", "b"} {
		r.put("acme", name, `{"template":"one"}`)
	}
	r.promote("?kind=prompt", "").Want(t, http.StatusOK)
	r.delete("acme", "a")
	planned := r.promote("?kind=prompt", "?prune=true&kind=prompt&dry_run=true")
	assert.Equal(t, "delete", r.actions(planned)["a"])
	refused := r.promote("?kind=prompt", "?prune=true&kind=prompt")
	refused.WantProblem(t, http.StatusConflict, tenancy.CodeConfirmationRequired)
	assert.Contains(t, string(refused.Body), `"delete":1`)
	assert.Equal(t, map[string]string{"a": "delete", "b": "unchanged"},
		r.actions(r.promote("?kind=prompt", "?prune=true&kind=prompt&confirm=true")))
	r.Do(t, apitest.Get("beta-viewer", "/api/v1/prompts/a")).
		WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
}

func TestImportWithoutValuesOfItsSecretsIsRefusedOnRequest(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	r.Do(t, apitest.Put("acme-editor", "/api/v1/model-configs/m", `{"spec":{"api_key":"hunter2"}}`)).
		Want(t, http.StatusCreated)
	refused := r.promote("", "?strategy=overwrite&require_secrets=true")
	refused.WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeSecretsMissing)
	assert.NotContains(t, string(refused.Body), "hunter2")
	assert.Contains(t, string(refused.Body), `"secrets_required":[{"kind":"`)
	r.promote("", "?strategy=overwrite").Want(t, http.StatusOK)
}
