package federation

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Ref identifies an item within a tenant.
type Ref struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Compare orders by kind, then by name, byte by byte. Every list, export and
// bundle has this order.
func (r Ref) Compare(other Ref) int {
	if c := cmp.Compare(r.Kind, other.Kind); c != 0 {
		return c
	}
	return cmp.Compare(r.Name, other.Name)
}

// Pointer returns the place of the item in a bundle as a JSON Pointer: /KIND/NAME.
func (r Ref) Pointer() string {
	return string(jsontext.Pointer("").AppendToken(r.Kind).AppendToken(r.Name))
}

// Item is one resource in the form in which it is exported and imported. Two
// items with the same Digest have the same content; Version and UpdatedAt don't
// count as content.
type Item struct {
	Ref
	Labels    map[string]string
	Spec      json.RawMessage // a JSON object in canonical form
	Version   int64           // counts the changes of the item, from 1
	UpdatedAt time.Time
	Digest    Digest // of kind, name, labels and spec; see [Item.Seal]
}

// Resource is an item as a tenant stores it.
type Resource struct {
	Item
	ID        string // made by the store, most often a UUIDv7
	CreatedAt time.Time
}

// IsPristine reports whether r is the item of a singleton kind as it was when the tenant was
// created: in version 1, and never updated. An import may replace it without a conflict.
// Its SQL twin is in findTargets of adapters/postgres/internal/items.
func (r Resource) IsPristine(k Kind) bool {
	return k.Singleton != "" && r.Version == 1 && r.UpdatedAt.Equal(r.CreatedAt)
}

// MaxVersion is the greatest version that an import may give an item. It leaves room for as many
// writes after it, and stays exact in JSON.
const MaxVersion = 1 << 52

// CheckVersion returns [tenancy.CodeInvalid] if an item of a bundle has a version above limit.
func (i Item) CheckVersion(limit int64) error {
	if i.Version <= limit {
		return nil
	}
	return problem(tenancy.CodeInvalid, jsontext.Pointer(i.Ref.Pointer()).AppendToken("version"),
		"must be at most %d, so that the item can be changed afterwards", limit)
}
