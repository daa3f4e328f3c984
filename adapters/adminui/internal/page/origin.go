package page

import (
	"net/http"
	"net/url"
)

// Origin returns the scheme and the host under which the browser knows this server, for
// addresses that people take elsewhere: "https://registry.example.com". Behind a proxy that
// ends TLS only the browser knows the scheme: it sends it with each form (Fetch, section 3.2).
func (r *Request) Origin() string {
	if sent, err := url.Parse(r.Header.Get("Origin")); err == nil && r.Method == http.MethodPost &&
		(sent.Scheme == "https" || sent.Scheme == "http") && sent.Host != "" {
		return sent.Scheme + "://" + sent.Host
	}
	if r.secure() {
		return "https://" + r.host()
	}
	return "http://" + r.host()
}

// host returns the host that the browser asked for.
func (r *Request) host() string {
	host, _ := r.outside()
	return host
}

// secure reports whether the browser used TLS.
func (r *Request) secure() bool {
	_, secure := r.outside()
	return secure
}

func (r *Request) outside() (host string, secure bool) {
	if r.Site.Outside == nil {
		return r.Host, r.TLS != nil
	}
	return r.Site.Outside(r.Request)
}

// checkOrigin refuses a form that a page of another origin has sent. Its host is the one that the
// browser asked for.
func (r *Request) checkOrigin() error {
	effective := *r.Request
	if effective.Host = r.host(); effective.Host == "" {
		effective.Host = "." // matches no origin; "" would match the origin "null"
	}
	var protection http.CrossOriginProtection
	if protection.Check(&effective) != nil {
		return errCrossOrigin
	}
	return nil
}
