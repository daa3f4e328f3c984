package promote_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// set stores the settings of a tenant.
func (r rig) set(tenant tenancy.Tenant, settings string) {
	r.t.Helper()
	stored, err := r.services.Tenants.Get(r.ctx(), tenant.ID)
	require.NoError(r.t, err)
	stored.Settings = json.RawMessage(settings)
	_, err = r.services.Tenants.Update(r.ctx(), stored)
	require.NoError(r.t, err)
}

// trusts returns settings that name the newest key of a rig.
func trusts(t *testing.T, r rig) string {
	t.Helper()
	keys, err := r.services.InstanceKeys.PublicKeys(t.Context())
	require.NoError(t, err)
	return fmt.Sprintf(`{"trusted_keys":[{"key_id":%q,"public_key":%q}]}`, keys[0].ID,
		base64.StdEncoding.EncodeToString(keys[0].Key))
}

func TestExportIsSignedByTheInstance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bundle := federation.ReadBundle(reader(r.export(r.tenant("acme"))))
	for _, err := range bundle.Items() {
		require.NoError(t, err)
	}
	keys, err := r.services.InstanceKeys.PublicKeys(t.Context())
	require.NoError(t, err)
	require.NoError(t, trust.Verify(bundle.Manifest(), keys[0]))
}

func TestImportChecksWhoSignedTheBundle(t *testing.T) {
	t.Parallel()
	here, there, stranger := newRig(t), newRig(t), newRig(t)
	source := there.tenant("source")
	there.put(source, "maker", "ada", `{}`)
	ours := here.tenant("ours")
	here.put(ours, "maker", "ada", `{}`)
	from := there.export(source)
	version1 := bytes.Replace(bundle(t, item("maker", "ada", `{}`)), []byte(`"format_version":2`),
		[]byte(`"format_version":1`), 1)
	version1 = bytes.Replace(version1, []byte(`"revision":0,`), nil, 1)
	bundles := map[string][]byte{
		"own": here.export(ours), "trusted": from, "stranger": stranger.export(stranger.tenant("x")),
		"unsigned": bundle(t, item("maker", "ada", `{}`)), "version 1": version1,
		"renamed": bytes.Replace(from, []byte(`"tenant":"source"`), []byte(`"tenant":"prod"`), 1),
	}
	const required, invalid, untrusted = tenancy.CodeSignatureRequired,
		tenancy.CodeSignatureInvalid, tenancy.CodeSignerUntrusted
	for settings, want := range map[string]map[string]tenancy.Code{
		`{}`: {},
		`{"require_signature":true}`: {"trusted": untrusted, "stranger": untrusted,
			"unsigned": required, "version 1": required, "renamed": untrusted},
		trusts(t, there): {"stranger": untrusted, "renamed": invalid},
		strings.Replace(trusts(t, there), `{`, `{"require_signature":true,`, 1): {
			"stranger": untrusted, "unsigned": required, "version 1": required, "renamed": invalid},
		`{"trusted_keys":"all"}`: {"own": tenancy.CodeInvalidState,
			"trusted": tenancy.CodeInvalidState, "stranger": tenancy.CodeInvalidState,
			"unsigned": tenancy.CodeInvalidState, "version 1": tenancy.CodeInvalidState,
			"renamed": tenancy.CodeInvalidState},
	} {
		here.set(ours, settings)
		for name, text := range bundles {
			for _, dryRun := range []bool{true, false} {
				report, err := here.service.Import(t.Context(), ours.ID, reader(text),
					promote.Options{Strategy: promote.Overwrite, DryRun: dryRun})
				if want[name] == "" {
					require.NoError(t, err, "%s: %s", settings, name)
					require.NoError(t, report.Close())
					continue
				}
				require.Equal(t, want[name], tenancy.CodeOf(err), "%s: %s", settings, name)
			}
		}
	}
}

func TestImportRefusesChangedBundleOfItsOwnInstance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme := r.tenant("acme")
	changed := bytes.Replace(r.export(acme), []byte(`"tenant":"acme"`), []byte(`"tenant":"prod"`), 1)
	err := r.refused(acme, reader(changed), promote.Options{})
	require.Equal(t, tenancy.CodeSignatureInvalid, tenancy.CodeOf(err))
}
