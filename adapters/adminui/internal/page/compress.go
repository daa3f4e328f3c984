package page

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// worthCompressing is the size in bytes from which an answer is compressed: a smaller one fits into
// one packet as it is.
const worthCompressing = 1400

var compressors = sync.Pool{New: func() any {
	zip, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("page: the level of compression: " + err.Error())
	}
	return zip
}}

// WriteBody writes an answer, compressed if the browser takes that. A failed write means that the
// browser has gone.
func (r *Request) WriteBody(w http.ResponseWriter, status int, media string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Add("Vary", "Accept-Encoding")
	if len(body) >= worthCompressing && r.mayCompress() {
		body = compressed(body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// mayCompress reports whether an answer may be compressed. Its length then tells what is in it to
// who sees it pass by and can let the browser send guesses (BREACH, breachattack.com). So the
// answer to a form isn't, which may have a secret that is shown once, nor is a page that another
// site has let the browser ask for (Fetch Metadata, section 2.3).
func (r *Request) mayCompress() bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		slices.Contains([]string{"", "none", "same-origin"}, r.Header.Get("Sec-Fetch-Site")) &&
		takesGzip(r.Header.Values("Accept-Encoding"))
}

// takesGzip reads the header Accept-Encoding (RFC 9110, section 12.5.3).
func takesGzip(accepted []string) bool {
	for part := range strings.SplitSeq(strings.Join(accepted, ","), ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			name, weight, _ := strings.Cut(strings.TrimSpace(parameters), "=")
			q, err := strconv.ParseFloat(weight, 64)
			return name == "" || strings.EqualFold(name, "q") && err == nil && q > 0
		}
	}
	return false
}

func compressed(body []byte) []byte {
	var b bytes.Buffer
	zip := compressors.Get().(*gzip.Writer)
	defer compressors.Put(zip)
	zip.Reset(&b)
	if _, err := zip.Write(body); err != nil {
		panic("page: compression into memory: " + err.Error())
	}
	if err := zip.Close(); err != nil {
		panic("page: compression into memory: " + err.Error())
	}
	return b.Bytes()
}
