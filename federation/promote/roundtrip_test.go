package promote_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestPromotionPreservesAllItems(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRigFor(t, rt)
		source, target := r.tenant("source"), r.tenant("target")
		fill(rt, r, source)
		raw := r.export(source)
		require.Equal(rt, string(raw), string(r.export(source)),
			"an unchanged tenant exports the same bytes")

		r.load(target, raw, promote.Options{})
		require.Equal(rt, r.items(source), r.items(target))

		again := r.load(target, raw, promote.Options{})
		require.Equal(rt, promote.Counts{Unchanged: len(again.items)}, again.Counts)
		require.Equal(rt, r.items(source), r.items(target), "importing again changes nothing")
	})
}

// Every strategy that leaves no conflict follows its contract if the tenant has other content.
func TestStrategiesKeepTheirContracts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRigFor(t, rt)
		source, target := r.tenant("source"), r.tenant("target")
		fill(rt, r, source)
		fill(rt, r, target)
		raw, before := r.export(source), contents(rt, r, target)
		strategy := rapid.SampledFrom([]promote.Strategy{promote.Skip, promote.Overwrite,
			promote.Rename}).Draw(rt, "strategy")
		report := r.load(target, raw, promote.Options{Strategy: strategy})
		after := contents(rt, r, target)

		for key, was := range before {
			action := report.actions[key]
			if action != "update" {
				require.Equal(rt, was, after[key], "%s: %s", key, action)
			}
		}
		for key, digest := range contents(rt, r, source) {
			switch report.items[key].Action {
			case promote.ActionCreate, promote.ActionUpdate, promote.ActionUnchanged:
				if strategy != promote.Rename {
					require.Equal(rt, digest, after[key], key)
				}
			case promote.ActionRename:
				require.Contains(rt, after, report.items[key].Kind+"/"+report.items[key].RenamedTo)
				require.NotContains(rt, before,
					report.items[key].Kind+"/"+report.items[key].RenamedTo)
			case promote.ActionSkip:
			default:
				rt.Fatalf("%s: %q", key, report.items[key].Action)
			}
		}
		require.Len(rt, after, len(before)+report.Counts.Create+report.Counts.Rename)
	})
}

// contents returns the digests of a tenant's items by KIND/NAME.
func contents(t testingT, r rig, tenant tenancy.Tenant) map[string]federation.Digest {
	t.Helper()
	all := map[string]federation.Digest{}
	for item, err := range federation.ReadBundle(reader(r.export(tenant))).Items() {
		require.NoError(t, err)
		all[item.Kind+"/"+item.Name] = item.Digest
	}
	return all
}

// fill puts a few items that refer to each other into a tenant. It draws names
// from a small set, so that two tenants have some names in common.
func fill(t *rapid.T, r rig, tenant tenancy.Tenant) {
	names := rapid.SliceOfNDistinct(
		rapid.SampledFrom([]string{"a", "a-2", "b/c", "é", "\U0001F600", `q"\u`, "Z", "a b"}), 0, 5,
		rapid.ID[string])
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab\"\\\u2028é<\U0001F600\n")))
	makers := names.Draw(t, "makers")
	for _, name := range makers {
		r.putItem(tenant, federation.Item{
			Ref: federation.Ref{Kind: "maker", Name: name},
			Labels: rapid.MapOfN(rapid.SampledFrom([]string{"team", "é", "x/y"}),
				rapid.SampledFrom([]string{"", "a", "<&>"}), 0, 3).Draw(t, "labels"),
			Spec: spec(t, map[string]any{"description": text.Draw(t, "description"),
				"other": rapid.Float64().Draw(t, "other")}),
		})
	}
	parts := names.Draw(t, "parts")
	for _, name := range parts {
		r.putItem(tenant, federation.Item{
			Ref:  federation.Ref{Kind: "part", Name: name},
			Spec: spec(t, map[string]any{"weight": rapid.IntRange(0, 3).Draw(t, "weight")}),
		})
	}
	var widgets []string
	for _, name := range names.Draw(t, "widgets") {
		s := map[string]any{"parts": rapid.Permutation(parts).Draw(t, "order")}
		widgets = append(widgets, name)
		if rapid.Bool().Draw(t, "extends") {
			s["parent"] = rapid.SampledFrom(widgets).Draw(t, "parent")
		}
		if len(makers) > 0 {
			s["maker"] = rapid.SampledFrom(makers).Draw(t, "maker")
		}
		if rapid.Bool().Draw(t, "secret") {
			s["token"] = "hush"
		}
		r.putItem(tenant, federation.Item{Ref: federation.Ref{Kind: "widget", Name: name},
			Spec: spec(t, s)})
	}
	if len(makers) > 0 && rapid.Bool().Draw(t, "settings") {
		r.put(tenant, "settings", "default", fmt.Sprintf(`{"maker":%q}`, makers[0]))
	}
}

func spec(t testingT, members map[string]any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(members)
	require.NoError(t, err)
	return raw
}

func TestItemAboveTheGreatestVersionCanBeImportedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	item := federation.Item{Ref: federation.Ref{Kind: "widget", Name: "w"}, Spec: json.RawMessage(`{}`),
		Version: federation.MaxVersion}
	r.load(source, bundle(t, item), promote.Options{})
	r.put(source, "widget", "w", `{"description":"changed"}`)
	raw := r.export(source)
	require.Equal(t, 1, r.load(target, raw, promote.Options{}).Counts.Create)
	require.Equal(t, r.items(target), r.items(source))
}
