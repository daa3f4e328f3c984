package tenancy

import (
	"encoding/hex"
	"encoding/json"
	"time"
)

// PurgeCertificate records what a purge removed. Its JSON is the form that the
// API shows. Digest is over the canonical form (RFC 8785) of that JSON without
// the member digest. The owner of a certificate can prove with the digest that it
// equals the one in the platform's audit log.
type PurgeCertificate struct {
	Tenant   ID
	Slug     Slug
	Rows     map[string]int64 // removed rows, by table; a table without rows has 0
	Audit    AuditChain       // the end of the tenant's audit log, which was removed too
	PurgedAt time.Time        // microseconds
	Digest   string           // "sha256:" and 64 hexadecimal digits
}

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

// MarshalJSON writes the form that the API shows. It omits an empty Digest.
func (c PurgeCertificate) MarshalJSON() ([]byte, error) {
	rows := c.Rows
	if rows == nil {
		rows = map[string]int64{}
	}
	return json.Marshal(certificateText{
		TenantID: c.Tenant, Slug: c.Slug, Rows: rows,
		Audit:    chainText{c.Audit.Seq, hex.EncodeToString(c.Audit.Hash[:])},
		PurgedAt: c.PurgedAt.UTC().Format(TimeLayout), Digest: c.Digest,
	})
}
