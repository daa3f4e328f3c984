package page_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// formServer serves a form of at most 100 bytes that anyone may send.
func formServer(t *testing.T) *httptest.Server {
	t.Helper()
	site := &page.Site{Root: "/admin", Log: slog.New(slog.DiscardHandler),
		Serves: func(string) bool { return false }, FormTimeout: 50 * time.Millisecond}
	server := httptest.NewServer(site.Handler(page.Route{Method: http.MethodPost, Limit: 100,
		Fields: []string{"a"}, Handle: func(r *page.Request) (page.Reply, error) {
			return page.Go("/got?" + r.Form.Encode())
		}}))
	t.Cleanup(server.Close)
	return server
}

func TestSlowSenderOfFormIsCutOff(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", formServer(t).Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\n\r\na=1")
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	_, err = in.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the connection stays open")
}

func TestFormLongerThanItsRouteTakesIsRefused(t *testing.T) {
	t.Parallel()
	server := formServer(t)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for length, status := range map[int]int{98: http.StatusSeeOther, 99: http.StatusBadRequest} {
		for _, known := range []bool{true, false} { // else it is sent in chunks
			body := strings.NewReader("a=" + strings.Repeat("x", length))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if !known {
				req.ContentLength = -1
			}
			res, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, status, res.StatusCode, "%d bytes", length)
		}
	}
}
