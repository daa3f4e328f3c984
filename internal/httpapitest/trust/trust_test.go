package trust_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	acme = "/api/v1/tenants/acme"
	beta = "/api/v1/tenants/beta"
)

type instance struct {
	Instance string
	Keys     []struct {
		KeyID     string `json:"key_id"`
		Alg       string
		PublicKey []byte `json:"public_key"`
	}
}

// instanceOf asks without credentials.
func instanceOf(t *testing.T, reg *apitest.Registry) (found instance) {
	t.Helper()
	res := reg.Do(t, apitest.Get("", "/api/v1/instance")).Want(t, http.StatusOK)
	require.NoError(t, json.Unmarshal(res.Body, &found))
	require.NotEmpty(t, found.Keys)
	return found
}

func TestKeysOfTheInstanceVerifyItsBundles(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	found := instanceOf(t, reg)
	assert.Equal(t, "ed25519", found.Keys[0].Alg)
	exported := reg.Do(t, apitest.Get("acme-viewer", acme+"/export")).Want(t, http.StatusOK)
	bundle := federation.ReadBundle(bytes.NewReader(exported.Body))
	for _, err := range bundle.Items() {
		require.NoError(t, err)
	}
	m := bundle.Manifest()
	assert.Equal(t, found.Instance, m.Source.Instance)
	assert.Equal(t, found.Keys[0].KeyID, m.Signature.KeyID)
	assert.NoError(t, trust.Verify(m, trust.PublicKey{Key: found.Keys[0].PublicKey}))
}

func TestInvalidSettingsOfTrustAreRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for settings, path := range map[string]string{
		`{"require_signature":"yes"}`:                               "/settings/require_signature",
		`{"trusted_keys":[{"key_id":"a"}]}`:                         "/settings/trusted_keys/0",
		`{"trusted_keys":[{"key_id":"a","public_key":"AAAA"}]}`:     "/settings/trusted_keys/0/public_key",
		`{"trusted_keys":{"key_id":"a","public_key":"AAAA"},"x":1}`: "/settings/trusted_keys",
	} {
		for _, res := range []apitest.Response{
			reg.Do(t, apitest.Put("acme-admin", acme, `{"settings":`+settings+`}`)),
			reg.Do(t, apitest.Post("root", "/api/v1/tenants",
				`{"slug":"delta","name":"D","settings":`+settings+`}`)),
		} {
			res.WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
			assert.Contains(t, string(res.Body), fmt.Sprintf(`"path":%q`, path))
		}
	}
}

func TestTenantThatRequiresASignatureTakesOnlySignedBundles(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Put("beta-admin", beta, `{"settings":{"require_signature":true}}`)).
		Want(t, http.StatusOK)
	var signed, unsigned map[string]json.RawMessage
	exported := reg.Do(t, apitest.Get("acme-viewer", acme+"/export")).Want(t, http.StatusOK)
	require.NoError(t, json.Unmarshal(exported.Body, &signed))
	require.NoError(t, json.Unmarshal(exported.Body, &unsigned))
	delete(unsigned, "signature")
	send := func(bundle map[string]json.RawMessage) apitest.Response {
		text, err := json.Marshal(bundle)
		require.NoError(t, err)
		return reg.Do(t, apitest.Post("beta-admin", beta+"/import?strategy=overwrite", string(text)))
	}
	send(signed).Want(t, http.StatusOK)
	send(unsigned).WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeSignatureRequired)
	signed["source"] = json.RawMessage(bytes.Replace(signed["source"], []byte(`"acme"`),
		[]byte(`"prod"`), 1))
	send(signed).WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeSignatureInvalid)
	signed["signature"] = json.RawMessage(bytes.Replace(signed["signature"],
		[]byte(instanceOf(t, reg).Keys[0].KeyID), []byte("other"), 1))
	send(signed).WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeSignerUntrusted)
}
