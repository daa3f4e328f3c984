package httpapi

import (
	"io"
	"net/http"
	"time"
)

const (
	lingerBytes = 8 << 20
	lingerTime  = 2 * time.Second
)

// linger reads on for a while behind the answer to a body that is too large.
// Many clients send their whole body before they look at the answer; if the
// connection were closed on them meanwhile, they would see that and no answer.
func linger(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)
}
