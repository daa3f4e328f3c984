package trust_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var signingKey = keyOf(1)

// keyOf returns the same key for the same number.
func keyOf(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func publicKey(key ed25519.PrivateKey) trust.PublicKey {
	return trust.NewPublicKey(key.Public().(ed25519.PublicKey))
}

func plainManifest() federation.Manifest {
	return federation.Manifest{FormatVersion: 2, Count: 3, Digest: "sha256:00",
		Source: federation.Source{Instance: "0198c0de-0000-7000-8000-000000000001",
			Tenant: "staging", Revision: 4711}}
}

// signed returns the manifest with a signature by key.
func signed(m federation.Manifest, key ed25519.PrivateKey) federation.Manifest {
	m.Signature = trust.Sign(m, key)
	return m
}

func TestSignedTextIsTheBundleWithoutItemsAndSignature(t *testing.T) {
	t.Parallel()
	var tree map[string]any
	bundle, err := os.ReadFile("../testdata/bundle.v2.golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(bundle, &tree))
	delete(tree, "items")
	delete(tree, "signature")
	raw, err := json.Marshal(tree)
	require.NoError(t, err)
	want, err := federation.Canonical(raw)
	require.NoError(t, err)

	reader := federation.ReadBundle(bytes.NewReader(bundle))
	for _, err := range reader.Items() {
		require.NoError(t, err)
	}
	manifest := reader.Manifest()
	assert.Equal(t, string(want), string(manifest.SignedText()))
	assert.Equal(t, publicKey(signingKey).ID, manifest.Signature.KeyID)
	assert.True(t, ed25519.Verify(signingKey.Public().(ed25519.PublicKey), want,
		manifest.Signature.Value))
}

func TestVerifyRefusesEveryOtherManifest(t *testing.T) {
	t.Parallel()
	m := signed(plainManifest(), signingKey)
	require.NoError(t, trust.Verify(m, publicKey(signingKey)))
	for name, change := range map[string]func(*federation.Manifest){
		"version 1":         func(m *federation.Manifest) { m.FormatVersion = 1 },
		"another instance":  func(m *federation.Manifest) { m.Source.Instance += "0" },
		"another tenant":    func(m *federation.Manifest) { m.Source.Tenant = "prod" },
		"a later revision":  func(m *federation.Manifest) { m.Source.Revision++ },
		"an item more":      func(m *federation.Manifest) { m.Count++ },
		"another digest":    func(m *federation.Manifest) { m.Digest = federation.NewDigester().Sum() },
		"another signature": func(m *federation.Manifest) { m.Signature.Value = m.Signature.Value[1:] },
		"no signature":      func(m *federation.Manifest) { m.Signature = federation.Signature{} },
		"another key's":     func(m *federation.Manifest) { m.Signature = trust.Sign(*m, keyOf(2)) },
		"of another content": func(m *federation.Manifest) {
			m.Signature = trust.Sign(federation.Manifest{}, signingKey)
		},
	} {
		changed := m
		change(&changed)
		err := trust.Verify(changed, publicKey(signingKey))
		assert.Equal(t, tenancy.CodeSignatureInvalid, tenancy.CodeOf(err), name)
	}
	assert.Error(t, trust.Verify(m, trust.PublicKey{ID: m.Signature.KeyID}), "a key without bytes")
}

func TestSignAndVerifyAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := federation.Manifest{
			Source: federation.Source{Instance: rapid.String().Draw(rt, "instance"),
				Tenant:   rapid.String().Draw(rt, "tenant"),
				Revision: rapid.Int64Range(0, 1<<53).Draw(rt, "revision")},
			Count: rapid.IntRange(0, 1<<30).Draw(rt, "count"), Digest: "sha256:00",
		}
		a, b := rapid.Byte().Draw(rt, "signer"), rapid.Byte().Draw(rt, "verifier")
		m.Signature = trust.Sign(m, keyOf(a))
		require.Equal(rt, publicKey(keyOf(a)).ID, m.Signature.KeyID)
		require.Equal(rt, a == b, trust.Verify(m, publicKey(keyOf(b))) == nil)
	})
}

func TestTrustDecidesWhichBundlesAreAccepted(t *testing.T) {
	t.Parallel()
	plain := plainManifest()
	own, trusted, stranger := keyOf(1), keyOf(2), keyOf(3)
	forged := func(key ed25519.PrivateKey) federation.Manifest {
		m := signed(plain, key)
		m.Source.Revision++
		return m
	}
	renamed := signed(plain, stranger)
	renamed.Signature.KeyID = publicKey(trusted).ID
	manifests := map[string]federation.Manifest{
		"unsigned": plain, "version 1": {FormatVersion: 1, Digest: plain.Digest},
		"own":     signed(plain, own),
		"trusted": signed(plain, trusted), "stranger": signed(plain, stranger),
		"own, forged": forged(own), "trusted, forged": forged(trusted),
		"stranger, forged": forged(stranger), "stranger as trusted": renamed,
	}
	const ok, required, untrusted, invalid = "", tenancy.CodeSignatureRequired,
		tenancy.CodeSignerUntrusted, tenancy.CodeSignatureInvalid
	keys := []trust.PublicKey{publicKey(keyOf(9)), publicKey(trusted)}
	for name, tt := range map[string]struct {
		policy trust.Policy
		want   map[string]tenancy.Code
	}{
		"nothing is set": {trust.Policy{}, map[string]tenancy.Code{"unsigned": ok,
			"version 1": ok,
			"own":       ok, "trusted": ok, "stranger": ok, "own, forged": invalid, "trusted, forged": ok,
			"stranger, forged": ok, "stranger as trusted": ok}},
		"keys are trusted": {trust.Policy{Keys: keys}, map[string]tenancy.Code{"unsigned": ok,
			"version 1": ok, "own": ok, "trusted": ok, "stranger": untrusted, "own, forged": invalid,
			"trusted, forged": invalid, "stranger, forged": untrusted,
			"stranger as trusted": invalid}},
		"a signature is required": {trust.Policy{Required: true}, map[string]tenancy.Code{
			"unsigned": required, "version 1": required, "own": ok, "trusted": untrusted,
			"stranger": untrusted, "own, forged": invalid, "trusted, forged": untrusted,
			"stranger, forged": untrusted, "stranger as trusted": untrusted}},
		"both": {trust.Policy{Keys: keys, Required: true}, map[string]tenancy.Code{
			"unsigned": required, "version 1": required, "own": ok, "trusted": ok,
			"stranger": untrusted, "own, forged": invalid, "trusted, forged": invalid,
			"stranger, forged": untrusted, "stranger as trusted": invalid}},
	} {
		require.Len(t, tt.want, len(manifests))
		for which, m := range manifests {
			err := tt.policy.Check(m, []trust.PublicKey{publicKey(keyOf(8)), publicKey(own)})
			if tt.want[which] == ok {
				assert.NoError(t, err, "%s: %s", name, which)
			} else {
				assert.Equal(t, tt.want[which], tenancy.CodeOf(err), "%s: %s", name, which)
			}
		}
	}
}

func TestParseReadsSettings(t *testing.T) {
	t.Parallel()
	key := publicKey(keyOf(2))
	text := base64.StdEncoding.EncodeToString(key.Key)
	for settings, want := range map[string]trust.Policy{
		``: {}, `null`: {}, `{}`: {}, `{"theme":{"trusted_keys":7}}`: {},
		`{"require_signature":true}`:  {Required: true},
		`{"require_signature":false}`: {},
		`{"trusted_keys":[{"key_id":"` + key.ID + `","public_key":"` + text + `"}],"x":1}`: {
			Keys: []trust.PublicKey{key}},
	} {
		got, err := trust.Parse(json.RawMessage(settings))
		require.NoError(t, err, settings)
		assert.Equal(t, want, got, settings)
	}
}

func TestParseRefusesInvalidSettings(t *testing.T) {
	t.Parallel()
	key := `"` + base64.StdEncoding.EncodeToString(publicKey(keyOf(2)).Key) + `"`
	for settings, path := range map[string]string{
		`[]`:                           "",
		`{"require_signature":"true"}`: "/require_signature",
		`{"require_signature":null}`:   "/require_signature",
		`{"require_signature":1}`:      "/require_signature",
		`{"trusted_keys":null}`:        "/trusted_keys",
		`{"trusted_keys":{}}`:          "/trusted_keys",
		`{"trusted_keys":["k"]}`:       "/trusted_keys/0",
		`{"trusted_keys":[null]}`:      "/trusted_keys/0",
		`{"trusted_keys":[{"key_id":"a","public_key":` + key + `,"x":1}]}`: "/trusted_keys/0",
		`{"trusted_keys":[{"key_id":"a"}]}`:                                "/trusted_keys/0",
		`{"trusted_keys":[{"key_id":"","public_key":` + key + `}]}`:        "/trusted_keys/0/key_id",
		`{"trusted_keys":[{"key_id":"a","public_key":` + key + `},` +
			`{"key_id":"a","public_key":` + key + `}]}`: "/trusted_keys/1/key_id",
		`{"trusted_keys":[{"key_id":"a","public_key":"AAAA"}]}`:       "/trusted_keys/0/public_key",
		`{"trusted_keys":[{"key_id":"a","public_key":"not base64"}]}`: "/trusted_keys/0/public_key",
	} {
		_, err := trust.Parse(json.RawMessage(settings))
		var e *tenancy.Error
		require.ErrorAs(t, err, &e, settings)
		require.Equal(t, tenancy.CodeInvalid, e.Code, settings)
		assert.Equal(t, path, e.Details[0].Path, settings)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"require_signature":true,"trusted_keys":[{"key_id":"a","public_key":"` +
		base64.StdEncoding.EncodeToString(publicKey(keyOf(2)).Key) + `"}]}`))
	f.Add([]byte(`{"trusted_keys":[{}]}`))
	f.Fuzz(func(t *testing.T, settings []byte) {
		policy, err := trust.Parse(settings)
		if err != nil {
			require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err))
			require.Zero(t, policy)
			return
		}
		for _, key := range policy.Keys {
			require.Len(t, key.Key, ed25519.PublicKeySize)
		}
	})
}
