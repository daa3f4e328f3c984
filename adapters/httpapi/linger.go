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

// linger sends the response to a body that is too large, and then reads more of the
// body for a short time. Many clients send their whole body before they read the
// response: if the connection were closed meanwhile, they would see a connection
// error and no response.
func linger(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)
}
