package promote_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestParseStrategyAcceptsOnlyKnownNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]promote.Strategy{
		"": promote.Fail, "fail": promote.Fail, "skip": promote.Skip,
		"overwrite": promote.Overwrite, "rename": promote.Rename,
	} {
		got, err := promote.ParseStrategy(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"Fail", "replace", " skip", "fail,skip"} {
		_, err := promote.ParseStrategy(text)
		require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), text)
	}
}

func TestStrategiesReturnsEveryStrategyWithTheDefaultFirst(t *testing.T) {
	t.Parallel()
	want := []promote.Strategy{promote.Fail, promote.Skip, promote.Overwrite, promote.Rename,
		promote.Merge}
	list := promote.Strategies()
	require.Equal(t, want, list)
	list[0] = "changed"
	require.Equal(t, want, promote.Strategies(), "the list is the caller's")
}

func TestUnknownStrategyErrorNamesEveryStrategy(t *testing.T) {
	t.Parallel()
	_, err := promote.ParseStrategy("replace")
	require.ErrorContains(t, err, "the strategy must be one of fail, skip, overwrite, rename")
}

func TestImportRefusesUnknownStrategy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme := r.tenant("acme")
	_, err := r.service.Import(t.Context(), acme.ID, nil, promote.Options{Strategy: "replace"})
	require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err))
}

// twoTeams returns the bundle of one tenant and another tenant, which has the
// same maker, a different widget of the same name, and an additional part.
func twoTeams(r rig) (bundle []byte, target tenancy.Tenant) {
	source := r.tenant("source")
	r.put(source, "maker", "ada", `{"description":"one"}`)
	r.put(source, "widget", "lamp", `{"size":1,"maker":"ada"}`)
	r.put(source, "widget", "sofa", `{}`)
	target = r.tenant("target")
	r.put(target, "maker", "ada", `{"description":"one"}`)
	r.put(target, "widget", "lamp", `{"size":2}`)
	r.put(target, "part", "screw", `{}`)
	return r.export(source), target
}

func TestImportFollowsStrategy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		strategy promote.Strategy
		lamp     string
		counts   promote.Counts
		spec     string // of the target's lamp afterwards
	}{
		{promote.Skip, "skip", promote.Counts{Create: 1, Unchanged: 2, Skip: 1},
			`{"active":true,"description":"","parts":[],"size":2}`},
		{promote.Overwrite, "update", promote.Counts{Create: 1, Unchanged: 2, Update: 1},
			`{"active":true,"description":"","maker":"ada","parts":[],"size":1}`},
		{promote.Rename, "rename lamp-2", promote.Counts{Create: 1, Unchanged: 2, Rename: 1},
			`{"active":true,"description":"","parts":[],"size":2}`},
	} {
		t.Run(string(c.strategy), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			bundle, target := twoTeams(r)
			got := r.load(target, bundle, promote.Options{Strategy: c.strategy})
			require.Equal(t, map[string]string{
				"maker/ada": "unchanged", "settings/default": "unchanged", "widget/lamp": c.lamp,
				"widget/sofa": "create",
			}, got.actions)
			require.Equal(t, c.counts, got.Counts)
			require.Equal(t, c.spec, r.spec(target, "widget", "lamp"))
			require.NotEmpty(t, r.spec(target, "widget", "sofa"))
			require.NotEmpty(t, r.spec(target, "part", "screw"),
				"an item that only the target has is kept")
			require.Equal(t, []federation.Difference{
				{Path: "/spec/maker", To: json.RawMessage(`"ada"`)},
				{Path: "/spec/size", From: json.RawMessage(`2`), To: json.RawMessage(`1`)},
			}, got.items["widget/lamp"].Changes)
		})
	}
}

func TestFailStrategyListsConflictsAndWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bundle, target := twoTeams(r)
	before := r.items(target)
	err := r.refused(target, reader(bundle), promote.Options{})
	require.Equal(t, before, r.items(target))

	var e *tenancy.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, tenancy.CodeImportConflict, e.Code)
	require.Contains(t, e.Message, "choose the strategy skip, overwrite, rename or merge")
	require.Equal(t, promote.Counts{Create: 1, Unchanged: 2, Fail: 1}, e.Members["counts"])
	require.NotContains(t, e.Members, "truncated")
	raw, err := json.Marshal(e.Members["items"])
	require.NoError(t, err)
	require.JSONEq(t, `[{"kind":"widget","name":"lamp","action":"fail","changes":[
		{"path":"/spec/maker","to":"ada"},{"path":"/spec/size","from":2,"to":1}],
		"conflict":{"base":null,
			"ours":{"labels":{},"spec":{"active":true,"description":"","parts":[],"size":2}},
			"theirs":{"labels":{},"spec":{"active":true,"description":"","maker":"ada","parts":[],
				"size":1}}}}]`, string(raw))
}

func TestConflictListIsLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	var items []federation.Item
	for i := range 1200 {
		name := fmt.Sprintf("m%04d", i)
		r.put(target, "maker", name, `{"description":"here"}`)
		items = append(items, item("maker", name, `{"description":"there"}`))
	}
	var e *tenancy.Error
	require.ErrorAs(t, r.refused(target, reader(bundle(t, items...)), promote.Options{}), &e)
	require.Equal(t, promote.Counts{Fail: 1200}, e.Members["counts"])
	require.Len(t, e.Members["items"], 1000)
	require.Equal(t, true, e.Members["truncated"])

	whole := r.load(target, bundle(t, items...), promote.Options{DryRun: true})
	require.Len(t, whole.items, 1200)
}

func TestDryRunReportsAndWritesNothing(t *testing.T) {
	t.Parallel()
	for _, strategy := range promote.Strategies() {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			bundle, target := twoTeams(r)
			before := r.items(target)
			dry := r.load(target, bundle, promote.Options{Strategy: strategy, DryRun: true})
			require.True(t, dry.DryRun)
			require.Equal(t, before, r.items(target))
			if strategy == promote.Fail || strategy == promote.Merge {
				require.Equal(t, "fail", dry.actions["widget/lamp"])
				return
			}
			require.Equal(t, r.load(target, bundle, promote.Options{Strategy: strategy}).actions,
				dry.actions)
		})
	}
}

func TestImportRefusesDanglingReference(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		r := newRig(t)
		target := r.tenant("target")
		before := r.items(target)
		raw := bundle(t, item("maker", "ada", `{}`), item("widget", "lamp", `{"maker":"bob"}`))
		err := r.refused(target, reader(raw), promote.Options{DryRun: dry})
		var e *tenancy.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, tenancy.CodeDanglingReference, e.Code)
		require.Equal(t, "/widget/lamp/spec/maker", e.Details[0].Path)
		require.Equal(t, before, r.items(target))
	}
}

func TestReferenceToItemOfOtherTenantIsDangling(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(r.tenant("other"), "maker", "bob", `{}`)
	target := r.tenant("target")
	err := r.refused(target, reader(bundle(t, item("widget", "lamp", `{"maker":"bob"}`))),
		promote.Options{})
	require.Equal(t, tenancy.CodeDanglingReference, tenancy.CodeOf(err))
}

func TestUnmodifiedSingletonIsNoConflict(t *testing.T) {
	t.Parallel()
	for _, strategy := range promote.Strategies() {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			source, target := r.tenant("source"), r.tenant("target")
			r.put(source, "settings", "default", `{"mode":"closed"}`)
			got := r.load(target, r.export(source), promote.Options{Strategy: strategy})
			require.Equal(t, "update", got.actions["settings/default"])
			require.Equal(t, r.items(source), r.items(target),
				"the item has version and time of the bundle")
		})
	}
}

func TestEqualUnmodifiedSingletonGetsVersionAndTimeOfBundle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	r.put(source, "settings", "default", `{"mode":"closed"}`)
	r.put(source, "settings", "default", `{}`)
	got := r.load(target, r.export(source), promote.Options{})
	require.Equal(t, promote.Counts{Unchanged: 1}, got.Counts)
	require.Equal(t, r.items(source), r.items(target))
}

func TestModifiedSingletonConflicts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	r.put(source, "settings", "default", `{"mode":"closed"}`)
	r.put(target, "settings", "default", `{"mode":"open"}`)
	raw := r.export(source)
	err := r.refused(target, reader(raw), promote.Options{})
	require.Equal(t, tenancy.CodeImportConflict, tenancy.CodeOf(err))

	got := r.load(target, raw, promote.Options{Strategy: promote.Rename})
	require.Equal(t, "skip", got.actions["settings/default"])
	require.NotEmpty(t, got.items["settings/default"].Error)
	require.JSONEq(t, `{"mode":"open"}`, r.spec(target, "settings", "default"))
}

func TestUnchangedItemsAreNotWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	r.put(source, "maker", "ada", `{}`)
	r.put(source, "maker", "ada", `{"description":"x"}`)
	r.put(target, "maker", "ada", `{"description":"x"}`)
	before, err := r.services.Resources.Get(t.Context(), target.ID,
		federation.Ref{Kind: "maker", Name: "ada"})
	require.NoError(t, err)
	r.load(target, r.export(source), promote.Options{Strategy: promote.Overwrite})
	after, err := r.services.Resources.Get(t.Context(), target.ID,
		federation.Ref{Kind: "maker", Name: "ada"})
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// The digest is verified for the item as the bundle contains it. The comparison
// uses the item with its defaults, which the target's item has too.
func TestAbsentDefaultIsNoDifference(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	r.put(target, "widget", "lamp", `{"active":true}`)
	got := r.load(target, bundle(t, item("widget", "lamp", `{}`)), promote.Options{})
	require.Equal(t, promote.Counts{Unchanged: 1}, got.Counts)
}

func TestReportNamesSecretsWithoutValue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	r.put(source, "widget", "lamp", `{"token":"hunter2"}`)
	raw := r.export(source)
	require.NotContains(t, string(raw), "hunter2")
	want := []federation.SecretUse{
		{Kind: "widget", Name: "lamp", Path: "/spec/token", Secret: "widget/lamp/token"}}
	require.Equal(t, want, r.load(target, raw, promote.Options{DryRun: true}).SecretsRequired)
	require.Equal(t, want, r.load(target, raw, promote.Options{}).SecretsRequired)

	other := r.tenant("other")
	require.NoError(t, r.services.Vault.Set(t.Context(), other.ID, "widget/lamp/token",
		[]byte("own")))
	require.Empty(t, r.load(other, raw, promote.Options{}).SecretsRequired)
}

func TestSecretsWithoutValueAreRefusedWhereTheyAreRequired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	r.put(source, "widget", "lamp", `{"token":"hunter2"}`)
	raw := r.export(source)
	required := promote.Options{RequireSecrets: true}
	before := r.items(target)
	var e *tenancy.Error
	require.ErrorAs(t, r.refused(target, reader(raw), required), &e)
	require.Equal(t, tenancy.CodeSecretsMissing, e.Code)
	require.Len(t, e.Members["secrets_required"], 1)
	require.Equal(t, before, r.items(target))
	require.Len(t, r.load(target, raw, promote.Options{RequireSecrets: true, DryRun: true}).
		SecretsRequired, 1, "a dry run says what is missing")

	strict := target
	strict.Settings = json.RawMessage(`{"require_secrets":true}`)
	_, err := r.services.Tenants.Update(t.Context(), strict)
	require.NoError(t, err)
	require.Equal(t, tenancy.CodeSecretsMissing,
		tenancy.CodeOf(r.refused(target, reader(raw), promote.Options{})), "by the tenant's setting")
	require.NoError(t, r.services.Vault.Set(t.Context(), target.ID, "widget/lamp/token", []byte("own")))
	require.Equal(t, 1, r.load(target, raw, required).Counts.Create)
}

func TestReportIsOneJSONObject(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bundle, target := twoTeams(r)
	got := r.load(target, bundle, promote.Options{Strategy: promote.Rename})
	var report struct {
		ImportID string `json:"import_id"`
	}
	require.NoError(t, json.Unmarshal(got.json, &report))
	require.Len(t, report.ImportID, 36)
	require.JSONEq(t, `{"import_id":"`+report.ImportID+`","dry_run":false,
		"counts":{"create":1,"update":0,"unchanged":2,"keep":0,"merge":0,"skip":0,"rename":1,
			"delete":0,"fail":0},
		"items":[
			{"kind":"maker","name":"ada","action":"unchanged","changes":[]},
			{"kind":"settings","name":"default","action":"unchanged","changes":[]},
			{"kind":"widget","name":"lamp","action":"rename","renamed_to":"lamp-2","changes":[
				{"path":"/spec/maker","to":"ada"},{"path":"/spec/size","from":2,"to":1}],
				"conflict":{"base":null,
					"ours":{"labels":{},"spec":{"active":true,"description":"","parts":[],"size":2}},
					"theirs":{"labels":{},"spec":{"active":true,"description":"","maker":"ada","parts":[],
						"size":1}}}},
			{"kind":"widget","name":"sofa","action":"create","changes":[]}],
		"secrets_required":[]}`, string(got.json))
}

func TestEmptyBundleChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.load(r.tenant("target"), bundle(t), promote.Options{})
	require.Equal(t, promote.Counts{}, got.Counts)
	require.Contains(t, string(got.json), `"items":[],"secrets_required":[]`)
}

func TestImportsIntoOneTenantAreSerialized(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bundle, target := twoTeams(r)
	created, failed := make([]int, 2), make([]error, 2)
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() {
			report, err := r.service.Import(t.Context(), target.ID, reader(bundle),
				promote.Options{Strategy: promote.Overwrite})
			if failed[i] = err; err == nil {
				created[i] = report.Counts.Create
				failed[i] = report.Close()
			}
		})
	}
	both.Wait()
	require.Equal(t, []error{nil, nil}, failed)
	require.Equal(t, 1, created[0]+created[1], "the second import reads what the first wrote")
}
