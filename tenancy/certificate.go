package tenancy

import (
	"encoding/hex"
	"encoding/json"
	"time"
)

// PurgeCertificate says what a purge removed. Its JSON is the API's form of it, and
// Digest is over the canonical form (RFC 8785) of that JSON without the member
// digest: whoever has kept a certificate can show that it is the one in the
// platform's audit log.
type PurgeCertificate struct {
	Tenant   ID
	Slug     Slug
	Rows     map[string]int64 // rows removed, by table; a table that had none has 0
	Audit    AuditChain       // where the tenant's audit log ended, which was removed with it
	PurgedAt time.Time        // microseconds
	Digest   string           // "sha256:" and 64 hexadecimal digits
}

// certificateTime is RFC 3339 in UTC, always with microseconds.
const certificateTime = "2006-01-02T15:04:05.000000Z"

type certificateText struct {
	TenantID ID               `json:"tenant_id"`
	Slug     Slug             `json:"slug"`
	Rows     map[string]int64 `json:"rows"`
	Audit    chainText        `json:"audit"`
	PurgedAt string           `json:"purged_at"`
	Digest   string           `json:"digest,omitempty"`
}

type chainText struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"` // hexadecimal
}

// MarshalJSON writes the API's form. An empty Digest is left out.
func (c PurgeCertificate) MarshalJSON() ([]byte, error) {
	rows := c.Rows
	if rows == nil {
		rows = map[string]int64{}
	}
	return json.Marshal(certificateText{
		TenantID: c.Tenant, Slug: c.Slug, Rows: rows,
		Audit:    chainText{c.Audit.Seq, hex.EncodeToString(c.Audit.Hash[:])},
		PurgedAt: c.PurgedAt.UTC().Format(certificateTime), Digest: c.Digest,
	})
}
