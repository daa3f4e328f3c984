package httpapitest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

// sendHalf sends a request whose body ends half way, and returns the response and whether
// the server then closed the connection.
func sendHalf(
	t *testing.T, reg *apitest.Registry, as, method, path, media, body string,
) (status int, closed bool, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", reg.Server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	authorization := ""
	if as != "" {
		authorization = "Authorization: Bearer " + reg.Tokens[as] + "\r\n"
	}
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: registry.test\r\n%sContent-Type: %s\r\n"+
		"Content-Length: %d\r\n\r\n%s", method, path, authorization, media, 2*len(body)+100, body)
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	_, err = in.ReadByte()
	return res.StatusCode, err == io.EOF, string(raw)
}

func TestSlowSenderIsCutOffOnEveryRoute(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) {
		o.BodyTimeout, o.BundleTimeout = 50*time.Millisecond, 100*time.Millisecond
	})
	for _, c := range []struct{ as, method, path, media string }{
		{"acme-editor", "PUT", "/api/v1/prompts/x", "application/json"},
		{"acme-admin", "POST", "/api/v1/tenants/acme/keys", "application/json"},
		{"acme-admin", "PUT", "/api/v1/tenants/acme", "application/json"},
		{"root", "POST", "/api/v1/users", "application/json"},
		{"", "POST", "/api/v1/sessions", "application/json"},
		{"", "POST", acceptPath, "application/json"},
		{"acme-admin", "POST", "/api/v1/tenants/acme/import", federation.BundleMediaType},
		{"acme-admin", "POST", "/api/v1/tenants/acme/import?dry_run=true",
			federation.BundleMediaType},
	} {
		status, closed, text := sendHalf(t, reg, c.as, c.method, c.path, c.media, `{"name":"`)
		assert.Equal(t, http.StatusRequestTimeout, status, "%+v: %s", c, text)
		assert.Contains(t, text, string(httpapi.CodeRequestTimeout))
		assert.True(t, closed, "the connection of %+v stays open", c)
	}
	reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody) // nothing holds the tenant
}

func TestRefusedSenderHoldsNoConnection(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) { o.BodyTimeout = 50 * time.Millisecond })
	for _, c := range []struct {
		as, method, path string
		status           int
	}{
		{"", "PUT", "/api/v1/prompts/x", http.StatusUnauthorized},
		{"acme-viewer", "PUT", "/api/v1/prompts/x", http.StatusForbidden},
		{"acme-viewer", "GET", "/api/v1/prompts", http.StatusOK}, // its body isn't read
		{"", "POST", "/api/v1/none", http.StatusNotFound},
	} {
		status, closed, text := sendHalf(t, reg, c.as, c.method, c.path, "application/json", `{`)
		assert.Equal(t, c.status, status, "%+v: %s", c, text)
		assert.True(t, closed, "the connection of %+v stays open", c)
	}
}

func TestConnectionOutlivesTheBodyTimeout(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) { o.BodyTimeout = time.Minute })
	for range 3 { // on one connection, whose deadline the end of each body removes
		reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody)
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/x")).Want(t, http.StatusOK)
	}
}

func TestEncodedBodyIsRefusedOnEveryRoute(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, route := range []apitest.Request{
		apitest.Put("acme-editor", "/api/v1/prompts/x", apitest.PromptBody),
		apitest.Post("acme-admin", "/api/v1/tenants/acme/keys", `{"name":"n","role":"viewer"}`),
		apitest.Post("root", "/api/v1/users", `{"email":"a@example.com","name":"n"}`),
		apitest.Post("acme-admin", "/api/v1/tenants/acme/import", `{}`),
		apitest.Put("acme-admin", "/api/v1/tenants/acme/secrets/s", `{"value":"v"}`),
		apitest.Post("", "/api/v1/sessions", `{"email":"a@example.com","password":"p"}`),
	} {
		for _, coding := range []string{"gzip", "GZIP", "br", "deflate", "identity, gzip", "gzip, gzip",
			"x", "", "identity,", "aws-chunked"} {
			route.Header = map[string]string{"Content-Encoding": coding}
			reg.Do(t, route).WantProblem(t, http.StatusUnsupportedMediaType,
				httpapi.CodeUnsupportedMediaType)
		}
	}
	for _, coding := range []string{"identity", "Identity"} {
		reg.Do(t, apitest.Request{As: "acme-editor", Method: "PUT", Path: "/api/v1/prompts/x",
			Body: apitest.PromptBody, Header: map[string]string{"Content-Encoding": coding}}).
			Want(t, map[string]int{"identity": http.StatusCreated, "Identity": 200}[coding])
	}
	req := reg.NewRequest(t.Context(), t, apitest.Put("acme-editor", "/api/v1/prompts/x",
		apitest.PromptBody))
	req.Header["Content-Encoding"] = []string{"identity", "gzip"}
	res, err := reg.Client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnsupportedMediaType, res.StatusCode)
}
