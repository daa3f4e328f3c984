package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/entitytag"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// entity is a single resource in a response.
type entity struct {
	body []byte
	tag  string // its strong entity tag (RFC 9110, section 8.8.3)
}

// newEntity returns the entity of one tenant with the JSON of shown. Its tag is a hash of
// the tenant and of the whole representation, which has the id and the version: an item
// made anew under its name has another tag, also if an import gives it the same version,
// and so has another tenant's equal item.
func newEntity(tenant tenancy.ID, shown any) (entity, error) {
	body, err := marshal(shown)
	if err != nil {
		return entity{}, err
	}
	const tagBytes = 18 // of the hash: no two representations of an item have the same ones
	hash := sha256.New()
	io.WriteString(hash, tenant.String())
	hash.Write(body)
	tag := base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:tagBytes])
	return entity{body, `"` + tag + `"`}, nil
}

// writeEntity writes the resource of a tenant with its tag, or 304 if the tag is among
// those that the caller knows.
func writeEntity(
	w http.ResponseWriter, status int, tenant tenancy.ID, shown any, known entitytag.List,
) error {
	e, err := newEntity(tenant, shown)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", e.tag)
	if known.MatchesWeakly(e.tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeBody(w, status, requestbody.JSONType, e.body)
}

var errVersion = tenancy.Errorf(tenancy.CodeVersionMismatch,
	"what is stored isn't what If-Match names: read it again")
