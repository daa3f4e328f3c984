package httpapi

import (
	"context"
	"net/http"
	"time"
)

// flushTimeout limits how long the response to an administrative write waits until
// this process has received the change.
const flushTimeout = 250 * time.Millisecond

// changesAccess reports whether an operation may change the rights of a caller. Those that
// need no credentials do too, by accepting an invitation.
func (op operation) changesAccess() bool {
	return op.method != http.MethodGet && (op.access == signedIn ||
		op.access == managesTenant || op.optionalCaller)
}

// responseWriter returns the writer for an operation's handler: a [flushingWriter] if
// the operation may change access.
func (a *api) responseWriter(w http.ResponseWriter, c *call, op operation) http.ResponseWriter {
	if !op.changesAccess() {
		return w
	}
	return &flushingWriter{ResponseWriter: w, api: a, ctx: c.Context()}
}

// flushingWriter sends a response after this process has received the changes that
// were committed before it. The database notifies all processes at the same time: a
// client that has the response can rely on the change in this process, and nearly
// always in the others.
type flushingWriter struct {
	http.ResponseWriter
	api     *api
	ctx     context.Context
	flushed bool
}

// WriteHeader sends the status after the changes were received.
func (s *flushingWriter) WriteHeader(status int) {
	s.flushChanges()
	s.ResponseWriter.WriteHeader(status)
}

// Write sends the body after the changes were received: a handler may write it without
// a call of WriteHeader.
func (s *flushingWriter) Write(b []byte) (int, error) {
	s.flushChanges()
	return s.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (s *flushingWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// flushChanges waits once for the changes. If that isn't possible in time, it drops
// everything that is cached about callers.
func (s *flushingWriter) flushChanges() {
	if s.flushed {
		return
	}
	s.flushed = true
	if notifier := s.api.services.ChangeNotifier; notifier != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), flushTimeout)
		defer cancel()
		if notifier.Flush(ctx) == nil {
			return
		}
	}
	s.api.admin.ClearCache()
	if s.api.signin != nil {
		s.api.signin.ClearCache()
	}
}
