// Package requestbody reads the bodies of requests, within limits of size and time.
package requestbody

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// JSONType is the media type of JSON.
const JSONType = "application/json"

// Codes of bodies; package httpapi exports and documents them.
const (
	CodeUnsupportedMediaType tenancy.Code = "unsupported_media_type"
	CodeTimeout              tenancy.Code = "request_timeout"
)

// CheckMediaType refuses a body whose Content-Type isn't one of types, and one with a
// Content-Encoding. A missing Content-Type means types[0].
func CheckMediaType(r *http.Request, types ...string) error {
	if isEncoded(r) {
		return tenancy.Errorf(CodeUnsupportedMediaType,
			"the body must be sent as it is, without a Content-Encoding")
	}
	header := r.Header.Get("Content-Type")
	if header == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	charset := params["charset"]
	if err == nil && slices.Contains(types, media) &&
		(charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	return tenancy.Errorf(CodeUnsupportedMediaType, "the Content-Type of the body must be %s",
		strings.Join(types, " or "))
}

// isEncoded reports whether the body has another content coding than identity (RFC 9110,
// section 8.4). Nothing is decoded here, so compressed data would be taken for the body.
func isEncoded(r *http.Request) bool {
	for _, value := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
				return true
			}
		}
	}
	return false
}

// Limit makes reading the request's body fail after limit bytes. It refuses a
// request with a larger Content-Length before a byte is read.
func Limit(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return errTooLarge(limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

func errTooLarge(limit int64) *tenancy.Error {
	return tenancy.Errorf(tenancy.CodeTooLarge,
		"the body is too large: this route accepts at most %d bytes", limit)
}

// Error converts the error of reading a body: too large, too slow, or cut off by
// the caller. It returns other errors unchanged.
func Error(err error) error {
	if errors.Is(err, errTimeout) {
		return errTimeout
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge(tooLarge.Limit)
	}
	if _, ok := errors.AsType[*tenancy.Error](err); ok {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return tenancy.Errorf(tenancy.CodeInvalidJSON,
			"the body is shorter than its Content-Length").Because(err)
	}
	return err
}

// Read reads a body of this media type and of at most limit bytes.
func Read(
	w http.ResponseWriter, r *http.Request, media string, limit int64,
) ([]byte, error) {
	if err := CheckMediaType(r, media); err != nil {
		return nil, err
	}
	if err := Limit(w, r, limit); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, Error(err)
	}
	return raw, nil
}

// ReadJSON reads the body into the struct that target points to. The body must be
// I-JSON (RFC 7493), an object, and have no member that the struct doesn't have.
func ReadJSON(w http.ResponseWriter, r *http.Request, limit int64, target any) error {
	raw, err := Read(w, r, JSONType, limit)
	if err != nil {
		return err
	}
	return decodeJSON(raw, target)
}

// decodeJSON is ReadJSON for a body that is already read.
func decodeJSON(raw []byte, target any) error {
	canonical, err := federation.Canonical(raw)
	if err != nil {
		return err
	}
	if canonical[0] != '{' {
		return tenancy.Errorf(tenancy.CodeInvalid, "the body must be a JSON object")
	}
	if err := json.Unmarshal(canonical, target, json.RejectUnknownMembers(true)); err != nil {
		return memberError(err)
	}
	return nil
}

// memberError names the member of a body that is unknown or has the wrong type.
func memberError(err error) error {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return tenancy.Errorf(tenancy.CodeInvalid,
			"the body doesn't match the schema of this route").Because(err)
	}
	path := ShortPath(semantic.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return AtPath(tenancy.CodeUnknownField, path, "is an unknown member").Because(err)
	}
	return AtPath(tenancy.CodeInvalid, path, "has the wrong type").Because(err)
}

// ShortPath returns path, or its nearest parent of at most 512 bytes: the response to
// a large invalid body stays small.
func ShortPath(path jsontext.Pointer) string {
	const longest = 512 // bytes
	for len(path) > longest {
		path = path.Parent()
	}
	return string(path)
}

// AtPath returns an error about one JSON Pointer of the input.
func AtPath(code tenancy.Code, path, detail string) *tenancy.Error {
	e := tenancy.Errorf(code, "%s %s", path, detail)
	e.Details = []tenancy.Detail{{Path: path, Code: code, Detail: detail}}
	return e
}
