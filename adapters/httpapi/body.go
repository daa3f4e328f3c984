package httpapi

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

const jsonType = "application/json"

// checkMediaType refuses a body whose Content-Type isn't one of types. One
// without a Content-Type is taken for the first of them.
func checkMediaType(r *http.Request, types ...string) error {
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
	return tenancy.Errorf(CodeUnsupportedMediaType, "the body's Content-Type must be %s",
		strings.Join(types, " or "))
}

// limitBody makes the request's body end with an error behind limit bytes. A
// request that announces more is refused before a byte is read.
func limitBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return errTooLarge(limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

func errTooLarge(limit int64) *tenancy.Error {
	return tenancy.Errorf(tenancy.CodeTooLarge,
		"the body has more than the %d bytes that are admitted here", limit)
}

// bodyError is the error for a body that couldn't be read to its end: too
// large, or cut off by the caller. Other errors pass.
func bodyError(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge(tooLarge.Limit)
	}
	if _, ours := errors.AsType[*tenancy.Error](err); ours {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return tenancy.Errorf(tenancy.CodeInvalidJSON, "the body ends before its announced length").
			Because(err)
	}
	return err
}

// readJSON reads the body into the struct that into points to, strictly: I-JSON
// (RFC 7493), an object, no member that the struct doesn't have.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	if err := checkMediaType(r, jsonType); err != nil {
		return err
	}
	if err := limitBody(w, r, limit); err != nil {
		return err
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	return decodeJSON(raw, into)
}

func decodeJSON(raw []byte, into any) error {
	canonical, err := federation.Canonical(raw)
	if err != nil {
		return err
	}
	if canonical[0] != '{' {
		return tenancy.Errorf(tenancy.CodeInvalid, "the body must be a JSON object")
	}
	if err := json.Unmarshal(canonical, into, json.RejectUnknownMembers(true)); err != nil {
		return memberError(err)
	}
	return nil
}

// memberError says which member of a body doesn't fit.
func memberError(err error) error {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return tenancy.Errorf(tenancy.CodeInvalid, "the body doesn't have the form of this route").
			Because(err)
	}
	path := shortPath(semantic.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return atPath(tenancy.CodeUnknownField, path, "has no place here").Because(err)
	}
	return atPath(tenancy.CodeInvalid, path, "isn't of the type that belongs here").Because(err)
}

// shortPath is path, or what contains it where that would be very long: a bad
// body isn't to be answered with its own size.
func shortPath(path jsontext.Pointer) string {
	const longest = 512 // bytes
	for len(path) > longest {
		path = path.Parent()
	}
	return string(path)
}

// atPath is an error about one place of the input.
func atPath(code tenancy.Code, path, detail string) *tenancy.Error {
	e := tenancy.Errorf(code, "%s %s", path, detail)
	e.Details = []tenancy.Detail{{Path: path, Code: code, Detail: detail}}
	return e
}
