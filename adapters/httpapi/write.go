package httpapi

import (
	"net/http"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
)

// responseTracker records whether the response has started, after which it is too late
// for a problem, and its status: 200 if no status was written.
type responseTracker struct {
	http.ResponseWriter
	started bool
	status  int
}

// WriteHeader doesn't count an informational status (1xx) as the start of the response.
func (t *responseTracker) WriteHeader(status int) {
	if !t.started {
		t.status = status
	}
	t.started = t.started || status >= http.StatusOK
	t.ResponseWriter.WriteHeader(status)
}

func (t *responseTracker) Write(b []byte) (int, error) {
	t.started = true
	return t.ResponseWriter.Write(b)
}

// Flush is for the handlers of a host that stream: many ask for a [http.Flusher].
func (t *responseTracker) Flush() { _ = t.FlushError() }

// FlushError starts the response, so it must not bypass the tracker.
func (t *responseTracker) FlushError() error {
	t.started = true
	return http.NewResponseController(t.ResponseWriter).Flush()
}

// Unwrap is for [http.ResponseController].
func (t *responseTracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// writeJSON writes v as the response.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := marshal(v)
	if err != nil {
		return err
	}
	return writeBody(w, status, requestbody.JSONType, body)
}

// writeBody writes the response. A write that fails means that the caller has closed
// the connection, which isn't an error of the operation.
func writeBody(w http.ResponseWriter, status int, media string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// statusError gives an error another status than the table statuses, where HTTP
// requires it.
type statusError struct {
	error
	status int
}

// Unwrap returns the error.
func (e *statusError) Unwrap() error { return e.error }
