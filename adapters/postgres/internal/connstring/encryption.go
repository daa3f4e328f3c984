package connstring

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
)

// Encryption is one way to encrypt a connection, or not to.
type Encryption struct {
	TLS      *tls.Config // nil: not encrypted
	Optional bool        // the connection continues without TLS if the server has none
	Direct   bool        // TLS begins at once, without PostgreSQL's request for it
}

// encryption returns the ways of libpq's sslmode. The default is prefer, as in libpq.
func (p params) encryption(name string) ([]Encryption, error) {
	mode := cmp.Or(p["sslmode"], "prefer")
	if p["sslrootcert"] == "system" {
		mode = cmp.Or(p["sslmode"], "verify-full")
		if mode != "verify-full" {
			return nil, errors.New("sslrootcert=system needs sslmode=verify-full")
		}
	}
	direct := p["sslnegotiation"] == "direct"
	weak := mode == "disable" || mode == "allow" || mode == "prefer"
	if direct && weak {
		return nil, errors.New("sslnegotiation=direct needs sslmode=require, verify-ca or" +
			" verify-full")
	}
	if mode == "disable" {
		return []Encryption{{}}, nil
	}
	if mode == "require" && p["sslrootcert"] != "" {
		mode = "verify-ca" // as in libpq
	}
	conf, err := p.tlsConfig(mode, name)
	if err != nil {
		return nil, err
	}
	if direct {
		conf.NextProtos = []string{"postgresql"}
	}
	switch mode {
	case "allow":
		return []Encryption{{}, {TLS: conf}}, nil
	case "prefer":
		return []Encryption{{TLS: conf, Optional: true}, {}}, nil
	}
	return []Encryption{{TLS: conf, Direct: direct}}, nil
}

func (p params) tlsConfig(mode, name string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if p["sslsni"] != "0" && net.ParseIP(name) == nil {
		conf.ServerName = name
	}
	var err error
	if conf.MinVersion, err = protocol(p, "ssl_min_protocol_version", tls.VersionTLS12); err != nil {
		return nil, err
	}
	if conf.MaxVersion, err = protocol(p, "ssl_max_protocol_version", 0); err != nil {
		return nil, err
	}
	if err := p.addClientCertificate(conf); err != nil {
		return nil, err
	}
	var roots *x509.CertPool // nil: the system's
	if file := p["sslrootcert"]; file != "" && file != "system" {
		if roots, err = readRoots(file); err != nil {
			return nil, err
		}
	}
	// Go can't check a chain without the name. So its own check is replaced in every mode.
	conf.InsecureSkipVerify = true
	switch mode {
	case "verify-ca":
		conf.VerifyConnection = verify(roots, "")
	case "verify-full":
		conf.VerifyConnection = verify(roots, name)
	}
	return conf, nil
}

// verify returns a check of the server's certificates: that they lead to one of the roots and,
// unless name is empty, that the first is for this name.
func verify(roots *x509.CertPool, name string) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server sent no certificate")
		}
		options := x509.VerifyOptions{Roots: roots, DNSName: name,
			Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}

func readRoots(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New("the file of sslrootcert can't be read")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, errors.New("the file of sslrootcert contains no certificate in PEM form")
	}
	return roots, nil
}

func (p params) addClientCertificate(conf *tls.Config) error {
	certificate, key := p["sslcert"], p["sslkey"]
	switch {
	case p["sslcertmode"] == "disable":
		return nil
	case certificate == "" && key == "":
		if p["sslcertmode"] == "require" {
			return errors.New("sslcertmode=require needs sslcert and sslkey")
		}
		return nil
	case certificate == "" || key == "":
		return errors.New("sslcert and sslkey need each other")
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return errors.New("the files of sslcert and sslkey aren't a certificate and its key in" +
			" PEM form that can be read")
	}
	conf.Certificates = []tls.Certificate{pair}
	return nil
}

var protocols = map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11,
	"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

func protocol(p params, keyword string, fallback uint16) (uint16, error) {
	if p[keyword] == "" {
		return fallback, nil
	}
	version, ok := protocols[p[keyword]]
	if !ok {
		return 0, errors.New(keyword + " isn't one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3")
	}
	return version, nil
}
