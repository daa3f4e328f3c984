package apitest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Request is a request to a [Registry].
type Request struct {
	// As is a caller in Registry.Tokens. "" sends no credentials; any other text is the
	// header Authorization.
	As     string
	Method string // defaults to GET
	Path   string
	Tenant string // X-Tenant-ID
	Host   string
	Body   string
	Header map[string]string
}

// For returns the request for a tenant: named in the path if the path has a tenant, in
// X-Tenant-ID otherwise.
func (req Request) For(tenant string) Request {
	if strings.HasPrefix(req.Path, "/api/v1/tenants/acme") {
		req.Path = strings.Replace(req.Path, "/tenants/acme", "/tenants/"+tenant, 1)
		return req
	}
	req.Tenant = tenant
	return req
}

// WithCookie returns the request with a cookie and with pairs of header name and value.
func (req Request) WithCookie(cookie string, header ...string) Request {
	sent := map[string]string{"Cookie": cookie}
	for name, value := range req.Header {
		sent[name] = value
	}
	for i := 0; i < len(header); i += 2 {
		sent[header[i]] = header[i+1]
	}
	req.Header = sent
	return req
}

// Do sends a request and checks the response against the OpenAPI document.
func (reg *Registry) Do(t *testing.T, req Request) Response {
	t.Helper()
	res, err := reg.Client.Do(reg.NewRequest(t.Context(), t, req))
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return Response{res.StatusCode, res.Header, body}
}

// Send is Do for other goroutines than the test's: it reports errors with t.Error.
func (reg *Registry) Send(t *testing.T, req Request) Response {
	res, err := reg.Client.Do(reg.NewRequest(context.Background(), t, req))
	if err != nil {
		t.Error(err)
		return Response{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return Response{res.StatusCode, res.Header, body}
}

// NewRequest returns the HTTP request for the registry's server.
func (reg *Registry) NewRequest(ctx context.Context, t *testing.T, r Request) *http.Request {
	t.Helper()
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, reg.Server.URL+r.Path, body)
	require.NoError(t, err)
	if token, ok := reg.Tokens[r.As]; ok {
		req.Header.Set("Authorization", "Bearer "+token)
	} else if r.As != "" {
		req.Header.Set("Authorization", r.As)
	}
	if r.Tenant != "" {
		req.Header.Set("X-Tenant-ID", r.Tenant)
	}
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Host != "" {
		req.Host = r.Host
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	return req
}

// Put writes a resource as acme's editor and requires success.
func (reg *Registry) Put(t *testing.T, path, body string) Response {
	t.Helper()
	res := reg.Do(t, Request{As: "acme-editor", Method: http.MethodPut, Path: path, Body: body})
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, res.Status, "%s: %s", path,
		res.Body)
	return res
}

// Pages reads all pages of a list and returns one member of each item.
func (reg *Registry) Pages(t *testing.T, req Request, member string) []string {
	t.Helper()
	var all []string
	path := req.Path
	for range 1000 {
		list := Decode[struct {
			Items      []map[string]any
			NextCursor string `json:"next_cursor"`
		}](t, reg.Do(t, req).Want(t, http.StatusOK))
		for _, item := range list.Items {
			all = append(all, item[member].(string))
		}
		if list.NextCursor == "" {
			return all
		}
		require.NotEmpty(t, list.Items, "a page with next_cursor is empty")
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		req.Path = path + separator + "cursor=" + url.QueryEscape(list.NextCursor)
	}
	t.Fatal("the list doesn't end")
	return nil
}

// HandlerClient sends GET requests to a handler without a network.
type HandlerClient struct {
	Handler http.Handler
	Token   string
}

// Get returns the status and the body of the response. target is a path with an
// optional query, which needs no escapes.
func (c HandlerClient) Get(target string) (status int, body []byte) {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	path, query, _ := strings.Cut(target, "?")
	req.URL.Path, req.URL.RawQuery = path, query
	req.Header.Set("Authorization", "Bearer "+c.Token)
	rec := httptest.NewRecorder()
	c.Handler.ServeHTTP(rec, req)
	return rec.Code, rec.Body.Bytes()
}

// Get returns a GET request of a caller.
func Get(as, path string) Request { return Request{As: as, Path: path} }

// Put returns a PUT request of a caller with a JSON body.
func Put(as, path, body string) Request {
	return Request{As: as, Method: http.MethodPut, Path: path, Body: body}
}

// Post returns a POST request of a caller with a JSON body, without a body if it is "".
func Post(as, path, body string) Request {
	return Request{As: as, Method: http.MethodPost, Path: path, Body: body}
}

// Delete returns a DELETE request of a caller.
func Delete(as, path string) Request {
	return Request{As: as, Method: http.MethodDelete, Path: path}
}
