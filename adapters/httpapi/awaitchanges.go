package httpapi

import (
	"context"
	"net/http"
	"time"
)

// settlePatience bounds how long the answer to an administrative write waits for
// this process to hear of it.
const settlePatience = 250 * time.Millisecond

// administers reports whether an operation may change who may do what.
func (op operation) administers() bool {
	return op.method != http.MethodGet && (op.access == signedIn || op.access == managesTenant)
}

// answering is what the handler of an operation answers to.
func (a *api) answering(w http.ResponseWriter, c *call, op operation) http.ResponseWriter {
	if !op.administers() {
		return w
	}
	return &settled{ResponseWriter: w, api: a, ctx: c.Context()}
}

// settled lets an answer out once this process has heard what was changed before
// it. The database tells all processes at the same time: whoever has the answer
// may count on the change, here and nearly always elsewhere.
type settled struct {
	http.ResponseWriter
	api  *api
	ctx  context.Context
	done bool
}

func (s *settled) WriteHeader(status int) {
	s.settle()
	s.ResponseWriter.WriteHeader(status)
}

func (s *settled) Write(b []byte) (int, error) {
	s.settle()
	return s.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (s *settled) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *settled) settle() {
	if s.done {
		return
	}
	s.done = true
	if heard := s.api.services.ChangeNotifier; heard != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), settlePatience)
		defer cancel()
		if heard.Flush(ctx) == nil {
			return
		}
	}
	s.api.admin.Forget()
}
