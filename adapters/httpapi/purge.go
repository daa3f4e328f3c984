package httpapi

import (
	"encoding/hex"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// purgeInput is the body of a request that purges a tenant.
type purgeInput struct {
	Confirm string `json:"confirm" doc:"the tenant's slug"`
}

// certificateBody is a [tenancy.PurgeCertificate] in a response. The digest covers
// this form.
type certificateBody struct {
	TenantID string           `json:"tenant_id" format:"uuid"`
	Slug     tenancy.Slug     `json:"slug"`
	Rows     map[string]int64 `json:"rows" doc:"the number of removed rows by table"`
	Audit    chainEndBody     `json:"audit" doc:"the end of the tenant's audit log, which was removed too"`
	PurgedAt timestamp        `json:"purged_at"`
	Digest   string           `json:"digest" pattern:"^sha256:[0-9a-f]{64}$" doc:"of the other members' RFC 8785 form"`
}

// chainEndBody identifies the last entry of an audit log: an export of the log is
// complete if it ends with this entry.
type chainEndBody struct {
	Seq  int64  `json:"seq" minimum:"0"`
	Hash string `json:"hash" pattern:"^[0-9a-f]{64}$"`
}

// purgeTenant removes all rows of a deleted tenant. The caller confirms with the slug,
// because nothing can undo a purge.
func (a *api) purgeTenant(w http.ResponseWriter, c *call) error {
	var in purgeInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	purged, err := a.admin.PurgeTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		in.Confirm)
	if err != nil {
		return err
	}
	a.tenants.Invalidate(purged.Tenant, purged.Slug)
	return writeJSON(w, http.StatusOK, certificateBody{
		TenantID: purged.Tenant.String(), Slug: purged.Slug, Rows: purged.Rows,
		PurgedAt: timestamp(purged.PurgedAt), Digest: purged.Digest,
		Audit: chainEndBody{purged.Audit.Seq, hex.EncodeToString(purged.Audit.Hash[:])},
	})
}
