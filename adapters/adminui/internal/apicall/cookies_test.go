package apicall_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
)

// cookieOfSecondCall returns the header Cookie of a call that was made after the API has set
// cookies in the answer to an earlier one of the same client.
func cookieOfSecondCall(t *testing.T, sent []string, set ...string) []string {
	t.Helper()
	var calls [][]string
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Header["Cookie"])
		w.Header()["Set-Cookie"] = set
	})
	outer := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/admin/x", nil)
	outer.Header["Cookie"] = sent
	client := apicall.New(api, "", outer)
	require.NoError(t, client.Do(t.Context(), apicall.Call{Path: "/sessions"}))
	require.NoError(t, client.For("acme", "").Do(t.Context(), apicall.Call{Path: "/me"}))
	require.Equal(t, sent, calls[0], "the first call has what the browser sent")
	require.Equal(t, sent, outer.Header["Cookie"], "the browser's request is unchanged")
	return calls[1]
}

func TestCookieThatAnAnswerSetIsSentInLaterCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sent, set, want []string }{
		"first cookie": {nil, []string{"__Host-bailiwick=new; Path=/; Secure; HttpOnly"},
			[]string{"__Host-bailiwick=new"}},
		"replaced by name": {[]string{"a=1; __Host-bailiwick=old; b=\"2 3\""},
			[]string{"__Host-bailiwick=new; Path=/"}, []string{"a=1; b=\"2 3\"; __Host-bailiwick=new"}},
		"other prefix is another cookie": {[]string{"bailiwick=x; __Secure-bailiwick=y"},
			[]string{"__Host-bailiwick=new; Path=/"},
			[]string{"bailiwick=x; __Secure-bailiwick=y; __Host-bailiwick=new"}},
		"two of the name": {[]string{"s=1", "t=2; s=3"}, []string{"s=4"}, []string{"t=2; s=4"}},
		"two are set":     {nil, []string{"s=1; Path=/", "t=2", "s=3"}, []string{"t=2; s=3"}},
		"deleted by age":  {[]string{"s=1; t=2"}, []string{"s=; Max-Age=0"}, []string{"t=2"}},
		"deleted by date": {[]string{"s=1"},
			[]string{"s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, nil},
		"nothing is set":     {[]string{"s=1;t=2"}, nil, []string{"s=1;t=2"}},
		"invalid is ignored": {[]string{"s=1"}, []string{"=x"}, []string{"s=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, cookieOfSecondCall(t, c.sent, c.set...))
		})
	}
}

func TestCookieOfOneRequestIsUnknownToOthers(t *testing.T) {
	t.Parallel()
	cookieOfSecondCall(t, nil, "s=1")
	require.Equal(t, []string{"t=2"}, cookieOfSecondCall(t, []string{"t=2"}))
}
