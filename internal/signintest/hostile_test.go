package signintest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// hostile is a provider whose responses a test can change. Its tokens are valid
// otherwise.
type hostile struct {
	issuer         string
	key            *rsa.PrivateKey
	nonce          string
	changeClaims   func(claims map[string]any)
	sign           func(h *hostile, payload []byte) string
	changeMetadata func(metadata map[string]any)
	userInfo       map[string]any
}

func newHostile(t *testing.T) (*hostile, *swapped) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	issuer, handler := listen(t)
	h := &hostile{issuer: issuer, key: key, sign: validly,
		changeClaims: func(map[string]any) {}, changeMetadata: func(map[string]any) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", h.metadata)
	mux.HandleFunc("/keys", h.keys)
	mux.HandleFunc("/token", h.token)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, h.userInfo)
	})
	handler.set(mux)
	return h, handler
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (h *hostile) metadata(w http.ResponseWriter, _ *http.Request) {
	m := map[string]any{
		"issuer": h.issuer, "authorization_endpoint": h.issuer + "/auth",
		"token_endpoint": h.issuer + "/token", "jwks_uri": h.issuer + "/keys",
		"userinfo_endpoint":                     h.issuer + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"none", "HS256", "RS256"},
	}
	h.changeMetadata(m)
	writeJSON(w, m)
}

func (h *hostile) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, jose.JSONWebKeySet{
		Keys: []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
}

func (h *hostile) token(w http.ResponseWriter, _ *http.Request) {
	claims := map[string]any{
		"iss": h.issuer, "sub": "ada", "aud": clientID, "nonce": h.nonce,
		"email": "ada@example.com", "email_verified": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	h.changeClaims(claims)
	payload, _ := json.Marshal(claims)
	writeJSON(w, map[string]any{"access_token": "a", "token_type": "Bearer",
		"id_token": h.sign(h, payload)})
}

// validly signs as a correct provider does.
func validly(h *hostile, payload []byte) string {
	return signed(jose.RS256, jose.JSONWebKey{Key: h.key, KeyID: "k"}, payload)
}

func signed(alg jose.SignatureAlgorithm, key any, payload []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		panic(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := object.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// unsigned returns a token with the algorithm "none".
func unsigned(_ *hostile, payload []byte) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(payload) + "."
}

// signIn starts a flow and calls the callback, with extra parameters that replace
// those of a valid callback.
func (b browser) signIn(h *hostile, r *registry, extra url.Values) page {
	b.t.Helper()
	to, err := url.Parse(b.start(r, ""))
	require.NoError(b.t, err)
	request := to.Query()
	require.Equal(b.t, "S256", request.Get("code_challenge_method"))
	h.nonce = request.Get("nonce")
	query := url.Values{"state": {request.Get("state")}, "code": {"c"}}
	for name, values := range extra {
		query[name] = values
	}
	return b.get(r.url + callbackPath + "?" + query.Encode())
}

// TestInvalidTokenIsRefused changes one thing in an otherwise valid flow.
func TestInvalidTokenIsRefused(t *testing.T) {
	t.Parallel()
	claim := func(name string, value any) func(*hostile) {
		return func(h *hostile) { h.changeClaims = func(c map[string]any) { c[name] = value } }
	}
	sign := func(how func(*hostile, []byte) string) func(*hostile) {
		return func(h *hostile) { h.sign = how }
	}
	another, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*hostile)
		extra  url.Values
		admits bool
	}{
		"no change":          {func(*hostile) {}, nil, true},
		"the algorithm none": {sign(unsigned), nil, false},
		"a symmetric algorithm with the client secret": {sign(func(_ *hostile, p []byte) string {
			return signed(jose.HS256, []byte(strings.Repeat(clientSecret, 4)), p)
		}), nil, false},
		"a symmetric algorithm with the public key": {
			sign(func(h *hostile, p []byte) string {
				return signed(jose.HS256, h.key.PublicKey.N.Bytes(), p)
			}), nil, false},
		"another key": {sign(func(_ *hostile, p []byte) string {
			return signed(jose.RS256, jose.JSONWebKey{Key: another, KeyID: "k"}, p)
		}), nil, false},
		"a changed payload": {sign(func(h *hostile, p []byte) string {
			parts := strings.Split(validly(h, []byte(`{}`)), ".")
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(p) + "." + parts[2]
		}), nil, false},
		"no token": {sign(func(*hostile, []byte) string { return "" }), nil,
			false},
		"another nonce": {claim("nonce", "another"), nil, false},
		"no nonce":      {claim("nonce", ""), nil, false},
		"an expired token": {claim("exp", time.Now().Add(-time.Minute).Unix()), nil,
			false},
		"another audience": {claim("aud", "another"), nil, false},
		"two audiences": {claim("aud", []string{clientID, "another"}), nil,
			false},
		"another authorized party":       {claim("azp", "another"), nil, false},
		"another issuer":                 {claim("iss", "https://evil.test"), nil, false},
		"no subject":                     {claim("sub", ""), nil, false},
		"a long subject":                 {claim("sub", strings.Repeat("x", 256)), nil, false},
		"a subject with NUL":             {claim("sub", "ada\x00"), nil, false},
		"an address that isn't verified": {claim("email_verified", false), nil, false},
		"email_verified as a string":     {claim("email_verified", "true"), nil, false},
		"the userinfo of another subject": {func(h *hostile) {
			h.changeClaims = func(c map[string]any) { delete(c, "email") }
			h.userInfo = map[string]any{"sub": "eve", "email": "ada@example.com",
				"email_verified": true}
		}, nil, false},
		"the callback of another issuer": {
			func(*hostile) {}, url.Values{"iss": {"https://evil.test"}}, false},
		"a callback without the promised issuer": {func(h *hostile) {
			h.changeMetadata = func(m map[string]any) {
				m["authorization_response_iss_parameter_supported"] = true
			}
		}, nil, false},
		"an error":      {func(*hostile) {}, url.Values{"error": {"access_denied"}}, false},
		"no code":       {func(*hostile) {}, url.Values{"code": {""}}, false},
		"another state": {func(*hostile) {}, url.Values{"state": {"another"}}, false},
		"further parameters": {func(*hostile) {},
			url.Values{"session_state": {"x"}, "scope": {"openid"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := newHostile(t)
			c.change(h)
			address, handler := listen(t)
			r := newRegistry(t, address, handler, h.issuer, false)
			ada := r.user(t, "ada@example.com")
			b := newBrowser(t)
			p := b.signIn(h, r, c.extra)
			if c.admits {
				require.Equal(t, http.StatusFound, p.status, p.body)
				require.Equal(t, ada.ID, b.me(r))
				return
			}
			b.refused(r, p, 401, "unauthenticated")
		})
	}
}

// TestUnreachableProviderDoesNotDelayRegistry checks that the registry responds at
// once with an error and tries the provider again later.
func TestUnreachableProviderDoesNotDelayRegistry(t *testing.T) {
	t.Parallel()
	h, provider := newHostile(t)
	working := *provider.Load()
	var requests atomic.Int64
	provider.set(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	address, handler := listen(t)
	r := newRegistry(t, address, handler, h.issuer, false)
	r.user(t, "ada@example.com")
	require.Zero(t, requests.Load(), "there is no request before the first sign-in")
	b := newBrowser(t)
	for range 5 {
		p := b.get(r.url + startPath)
		require.Equal(t, http.StatusServiceUnavailable, p.status)
	}
	require.Equal(t, int64(1), requests.Load(), "the provider isn't tried again at once")
	provider.set(working)
	require.Eventually(t, func() bool { return b.get(r.url+startPath).status == http.StatusFound },
		20*time.Second, 100*time.Millisecond)
}

func TestEndlessProviderResponseIsCutOff(t *testing.T) {
	t.Parallel()
	h, provider := newHostile(t)
	var sent atomic.Int64
	provider.set(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for chunk := []byte(strings.Repeat(" ", 64<<10)); sent.Load() < 256<<20; {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	address, handler := listen(t)
	r := newRegistry(t, address, handler, h.issuer, false)
	require.Equal(t, http.StatusServiceUnavailable, newBrowser(t).get(r.url+startPath).status)
	require.Less(t, sent.Load(), int64(64<<20))
}
