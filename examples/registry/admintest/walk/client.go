package walk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"
)

// answer is a response with its whole body.
type answer struct {
	method, path string // of the request
	sent         string // all that the request had, for texts that the page may repeat
	status       int
	header       http.Header
	body         string
	doc          *document // of a page; nil: it isn't HTML
}

// location returns the path of a redirect.
func (a answer) location() string { return a.header.Get("Location") }

func (a answer) isOK() bool { return a.status == http.StatusOK || a.status == http.StatusSeeOther }

func newClient() *http.Client {
	jar, _ := cookiejar.New(nil) // it never fails
	return &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get asks for a path and checks the answer.
func (w *walker) get(ctx context.Context, path string) answer {
	return w.send(ctx, http.MethodGet, path, "", "")
}

// send sends a request and checks the answer.
func (w *walker) send(ctx context.Context, method, path, media, body string) answer {
	a, err := w.exchange(ctx, method, path, media, body)
	if err != nil {
		w.fault(a, "%v", err)
		return a
	}
	w.check(&a)
	return a
}

func (w *walker) exchange(
	ctx context.Context, method, path, media, body string,
) (answer, error) {
	w.report.Requests++
	a := answer{method: method, path: path, sent: path + "\n" + body}
	req, err := http.NewRequestWithContext(ctx, method, w.o.Base+path, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
		req.Header.Set("Origin", w.o.Base)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := w.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	a.status, a.header, a.body = res.StatusCode, res.Header, string(raw)
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		a.doc, err = parse(a.body)
	}
	return a, err
}

// fault records what is wrong with an answer, once.
func (w *walker) fault(a answer, format string, args ...any) {
	text := fmt.Sprintf("%s %s: HTTP %d: ", a.method, a.path, a.status) + fmt.Sprintf(format, args...)
	if !w.known[text] {
		w.known[text] = true
		w.report.Faults = append(w.report.Faults, text)
	}
}
