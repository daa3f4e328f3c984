package requestbody

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errTimeout = tenancy.Errorf(CodeTimeout,
	"the body didn't arrive in time: send it again, faster or in smaller parts")

// timedBody is a request's body with a deadline for the whole of it. Without one, a caller
// who sends a byte from time to time would hold the connection, and what the handler has
// locked, for as long as they like.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// LimitTime gives the request's body a deadline, which [SetTimeout] can extend.
func LimitTime(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	SetTimeout(w, timeout)
	r.Body = &timedBody{r.Body, http.NewResponseController(w)}
}

// SetTimeout makes the rest of the body arrive within the timeout. A writer that knows
// no deadlines isn't that of a server: there is no connection to hold.
func SetTimeout(w http.ResponseWriter, timeout time.Duration) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
}

// Read removes the deadline at the end of the body: after it, net/http reads only to notice
// that the caller has gone, and would take the deadline for that.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		_ = b.control.SetReadDeadline(time.Time{})
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errTimeout.Because(err)
	}
	return n, err
}
