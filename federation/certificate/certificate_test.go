package certificate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation/certificate"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestCertificateDigestCoversOtherMembers(t *testing.T) {
	t.Parallel()
	c := tenancy.PurgeCertificate{
		Tenant: tenancy.DefaultID, Slug: "acme",
		Rows:     map[string]int64{"public.b": 2, `public."<ä>"`: 1},
		Audit:    tenancy.AuditChain{Seq: 7},
		PurgedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("far", 3600)),
	}
	text := `{"audit":{"hash":"` + strings.Repeat("0", 64) + `","seq":7},` +
		`"purged_at":"2026-01-02T02:04:05.000000Z","rows":{"public.\"<ä>\"":1,"public.b":2},` +
		`"slug":"acme","tenant_id":"01900000-0000-7000-8000-000000000000"}`
	sum := sha256.Sum256([]byte(text))
	sealed, err := certificate.Seal(c)
	require.NoError(t, err)
	require.Equal(t, "sha256:"+hex.EncodeToString(sum[:]), sealed.Digest)
	again, err := certificate.Seal(sealed)
	require.NoError(t, err)
	require.Equal(t, sealed, again)
	sealed.Rows = map[string]int64{"public.b": 3}
	changed, err := certificate.Seal(sealed)
	require.NoError(t, err)
	require.NotEqual(t, again.Digest, changed.Digest)
}
