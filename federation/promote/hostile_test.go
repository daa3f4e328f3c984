package promote_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// hostileTarget returns a tenant with items, and a bundle that would overwrite
// them.
func hostileTarget(t *testing.T) (rig, tenancy.Tenant, []byte) {
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	for _, name := range []string{"a", "b", "c"} {
		r.put(source, "maker", name, `{"description":"new `+strings.Repeat("x", 200)+`"}`)
		r.put(target, "maker", name, `{"description":"old"}`)
	}
	return r, target, r.export(source)
}

var overwrite = promote.Options{Strategy: promote.Overwrite}

func TestImportOfTruncatedBundleWritesNothing(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	before := r.items(target)
	for range 200 {
		at := rand.IntN(len(raw))
		err := r.refused(target, reader(raw[:at]), overwrite)
		require.Equal(t, tenancy.CodeInvalidJSON, tenancy.CodeOf(err), "cut at %d: %v", at, err)
	}
	require.Equal(t, before, r.items(target))
}

func TestImportFromFailingReaderWritesNothing(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	before := r.items(target)
	gone := errors.New("the client disconnected")
	for range 50 {
		at := rand.IntN(len(raw))
		err := r.refused(target, io.MultiReader(reader(raw[:at]), iotest.ErrReader(gone)),
			overwrite)
		require.ErrorIs(t, err, gone, "at %d", at)
	}
	require.Equal(t, before, r.items(target))
}

func TestImportOfChangedBundleWritesNothing(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	before := r.items(target)
	changed := bytes.Replace(raw, []byte("new xx"), []byte("new xy"), 1)
	err := r.refused(target, reader(changed), overwrite)
	require.Equal(t, tenancy.CodeDigestMismatch, tenancy.CodeOf(err))
	require.Equal(t, before, r.items(target))
}

// All items may be valid although the bundle was changed.
func TestImportOfBundleWithoutOneItemWritesNothing(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	before := r.items(target)
	var whole map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &whole))
	var items []json.RawMessage
	require.NoError(t, json.Unmarshal(whole["items"], &items))
	short, err := json.Marshal(items[1:])
	require.NoError(t, err)
	whole["items"], whole["count"] = short, json.RawMessage(`3`)
	forged, err := json.Marshal(whole)
	require.NoError(t, err)
	refusal := r.refused(target, reader(forged), overwrite)
	require.Equal(t, tenancy.CodeDigestMismatch, tenancy.CodeOf(refusal))
	require.Equal(t, before, r.items(target))
}

func TestImportNamesInvalidItemAndPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		item federation.Item
		path string
	}{
		"a secret value": {item("widget", "a/b", `{"token":"hunter2"}`),
			"/widget/a~1b/spec/token"},
		"a secret reference with another member": {
			item("widget", "w", `{"token":{"$secret":"x","more":1}}`),
			"/widget/w/spec/token"},
		"an unknown kind": {item("ship", "titanic", `{}`), "/ship/titanic"},
		"an invalid field": {item("widget", "w", `{"color":"pink"}`),
			"/widget/w/spec/color"},
		"another singleton":        {item("settings", "mine", `{}`), "/settings/mine/name"},
		"a name with a line break": {item("maker", "a\nb", `{}`), "/items/1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			target := r.tenant("target")
			before := r.items(target)
			var e *tenancy.Error
			require.ErrorAs(t, r.refused(target,
				reader(bundle(t, item("maker", "fine", `{}`), c.item)), overwrite), &e)
			require.Equal(t, tenancy.CodeInvalid, e.Code)
			require.Equal(t, c.path, e.Details[0].Path)
			require.NotContains(t, e.Error(), "hunter2", "an error must not reveal a secret")
			require.Equal(t, before, r.items(target))
		})
	}
}

func TestImportAcceptsSecretReferencesAndNull(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	got := r.load(target, bundle(t,
		item("widget", "a", `{"token":{"$secret":"shared/token"}}`),
		item("widget", "b", `{"token":null}`),
	), promote.Options{})
	require.Equal(t, promote.Counts{Create: 2}, got.Counts)
}

func TestImportDetectsStoreThatStagesOnlyAPart(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	before := r.items(target)
	services := r.services
	services.Transfers = lazyTransfers{services.Transfers}
	_, err := promote.New(services).Import(t.Context(), target.ID, reader(raw), overwrite)
	require.Error(t, err)
	require.Equal(t, before, r.items(target))
}

func TestImportRefusesZeroTenant(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	err := r.refused(tenancy.Tenant{}, reader(bundle(t)), overwrite)
	require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
}
