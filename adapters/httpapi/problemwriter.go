package httpapi

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
)

// unavailableRetryAfter is the Retry-After of a 503, in seconds: most of its causes, such as a
// database that fails over, last seconds.
const unavailableRetryAfter = "2"

// problemWriter writes errors as problems.
type problemWriter struct {
	log  *slog.Logger
	host func(http.ResponseWriter, *http.Request, Problem) // [Options.WriteProblem]
}

// write writes err as a problem and logs it if its status is 500 or above.
func (pw problemWriter) write(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if override, ok := err.(*statusError); ok {
		p.Status, p.Title = override.status, http.StatusText(override.status)
	}
	p.RequestID = RequestID(r.Context())
	recordProblem(r, p.Code)
	r = latestRequest(r)
	if p.Status >= http.StatusInternalServerError {
		pw.log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("method", r.Method), slog.String("route", r.Pattern),
			slog.String("code", string(p.Code)), slog.Any("error", err))
	}
	setProblemHeaders(w.Header(), p)
	if pw.writeAsHost(w, r, p) {
		return
	}
	body, err := marshal(p)
	if err != nil {
		p.Members = nil
		body, _ = marshal(p) // strings and numbers alone always marshal
		pw.log.LogAttrs(r.Context(), slog.LevelError, "problem has unprintable members",
			slog.Any("error", err))
	}
	_ = writeBody(w, p.Status, ProblemType, body)
}

// setProblemHeaders sets the headers that HTTP requires of an error.
func setProblemHeaders(h http.Header, p Problem) {
	if seconds, ok := p.Members["retry_after"].(int64); ok {
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	} else if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", unavailableRetryAfter)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
}

// writeAsHost writes the problem in the host's format. It returns false, and has written
// nothing, if the host has none, panics or writes nothing.
func (pw problemWriter) writeAsHost(w http.ResponseWriter, r *http.Request, p Problem) bool {
	if pw.host == nil {
		return false
	}
	h := w.Header()
	h.Del("Content-Type") // of a response that wasn't written
	out := &hostBody{header: h.Clone()}
	if !pw.callHost(out, r, p) || out.body.Len() == 0 {
		return false
	}
	for name, values := range out.header {
		if _, set := h[name]; !set {
			h[name] = values
		}
	}
	media := h.Get("Content-Type")
	if media == "" {
		media = http.DetectContentType(out.body.Bytes())
	}
	_ = writeBody(w, p.Status, media, out.body.Bytes())
	return true
}

// callHost returns false if the host's function panics.
func (pw problemWriter) callHost(out *hostBody, r *http.Request, p Problem) (ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			pw.log.LogAttrs(r.Context(), slog.LevelError, "Options.WriteProblem panicked",
				slog.String("error", fmt.Sprintf("%v\n%s", cause, debug.Stack())))
		}
	}()
	pw.host(out, r, p)
	return true
}

// hostBody keeps what [Options.WriteProblem] writes until it is complete.
type hostBody struct {
	header http.Header
	body   bytes.Buffer
}

func (b *hostBody) Header() http.Header { return b.header }

// WriteHeader changes nothing: the status is the problem's.
func (b *hostBody) WriteHeader(int) {}

func (b *hostBody) Write(p []byte) (int, error) { return b.body.Write(p) }
