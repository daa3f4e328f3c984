package promote_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var rename = promote.Options{Strategy: promote.Rename}

// member returns one member of an item's spec.
func (r rig) member(tenant tenancy.Tenant, kind, name, member string) string {
	r.t.Helper()
	var spec map[string]json.RawMessage
	require.NoError(r.t, json.Unmarshal([]byte(r.spec(tenant, kind, name)), &spec), "%s %q", kind,
		name)
	return string(spec[member])
}

// A maker conflicts. Items that refer to it are renamed if the target has them,
// also through other items and against the order of names. Items that the target
// doesn't have keep their names. All references lead to the renamed items.
func TestRenameIncludesReferringItems(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	for _, tenant := range []tenancy.Tenant{source, target} {
		r.put(tenant, "maker", "ada", `{"description":"`+string(tenant.Slug)+`"}`)
		r.put(tenant, "maker", "bob", `{}`)
		r.put(tenant, "widget", "z", `{"maker":"ada"}`)
		r.put(tenant, "widget", "y", `{"parent":"z"}`)
		r.put(tenant, "widget", "x", `{"parent":"y","subject":{"kind":"maker","name":"ada"}}`)
		r.put(tenant, "widget", "apart", `{"maker":"bob"}`)
	}
	r.put(source, "widget", "new", `{"parent":"x"}`)
	r.put(source, "widget", "newer", `{"parent":"new"}`)

	got := r.load(target, r.export(source), rename)
	require.Equal(t, map[string]string{
		"maker/ada": "rename ada-2", "maker/bob": "unchanged", "settings/default": "unchanged",
		"widget/z": "rename z-2", "widget/y": "rename y-2", "widget/x": "rename x-2",
		"widget/apart": "unchanged", "widget/new": "create", "widget/newer": "create",
	}, got.actions)
	require.Equal(t, `"ada-2"`, r.member(target, "widget", "z-2", "maker"))
	require.Equal(t, `"z-2"`, r.member(target, "widget", "y-2", "parent"))
	require.Equal(t, `{"kind":"maker","name":"ada-2"}`,
		r.member(target, "widget", "x-2", "subject"))
	require.Equal(t, `"x-2"`, r.member(target, "widget", "new", "parent"))
	require.Equal(t, `"new"`, r.member(target, "widget", "newer", "parent"))
	require.Equal(t, `"ada"`, r.member(target, "widget", "z", "maker"),
		"the target's item is unchanged")
	require.Equal(t, []federation.Difference{
		{Path: "/spec/maker", From: json.RawMessage(`"ada"`), To: json.RawMessage(`"ada-2"`)},
	}, got.items["widget/z"].Changes)
}

func TestRenamedItemRefersToItselfByNewName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	r.put(target, "widget", "self", `{"size":1}`)
	r.load(target, bundle(t, item("widget", "self", `{"parent":"self"}`)), rename)
	require.Equal(t, `"self-2"`, r.member(target, "widget", "self-2", "parent"))
}

// Only references to the renamed item get its new name. An item of another kind
// with the same name is a different item.
func TestReferenceFollowsOnlyRenamedItemOfItsKind(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	r.put(target, "part", "ada", `{}`)
	r.load(target, bundle(t,
		item("maker", "ada", `{}`), item("part", "ada", `{"weight":1}`),
		item("widget", "lamp", `{"maker":"ada","parts":["ada"]}`),
	), rename)
	require.Equal(t, `"ada"`, r.member(target, "widget", "lamp", "maker"))
	require.Equal(t, `["ada-2"]`, r.member(target, "widget", "lamp", "parts"))
}

func TestSingletonReferencesFollowRenamedItem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	raw := bundle(t, item("maker", "ada", `{"description":"new"}`),
		item("settings", "default", `{"maker":"ada"}`))

	pristine := r.tenant("pristine")
	r.put(pristine, "maker", "ada", `{}`)
	require.Equal(t, "update", r.load(pristine, raw, rename).actions["settings/default"])
	require.Equal(t, `"ada-2"`, r.member(pristine, "settings", "default", "maker"))

	touched := r.tenant("touched")
	r.put(touched, "maker", "ada", `{}`)
	r.put(touched, "settings", "default", `{"maker":"ada"}`)
	got := r.load(touched, raw, rename)
	require.Equal(t, "skip", got.actions["settings/default"])
	require.NotEmpty(t, got.items["settings/default"].Error)
	require.Equal(t, `"ada"`, r.member(touched, "settings", "default", "maker"))
}

func TestNewNameIsFreeInTargetAndBundle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	for _, name := range []string{"a", "a-2", "a-4", "b"} {
		r.put(target, "maker", name, `{}`)
	}
	got := r.load(target, bundle(t,
		item("maker", "a", `{"description":"1"}`),
		item("maker", "a-2", `{"description":"2"}`),
		item("maker", "a-3", `{}`),
		item("maker", "b", `{"description":"3"}`),
	), rename)
	require.Equal(t, map[string]string{
		"maker/a":   "rename a-5",
		"maker/a-2": "rename a-2-2",
		"maker/a-3": "create",
		"maker/b":   "rename b-2",
	}, got.actions)
}

func TestNewNameMayHaveTwoDigits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	r.put(target, "maker", "a", `{}`)
	for i := 2; i <= 12; i++ {
		r.put(target, "maker", fmt.Sprintf("a-%d", i), `{}`)
	}
	got := r.load(target, bundle(t, item("maker", "a", `{"description":"1"}`)), rename)
	require.Equal(t, "rename a-13", got.actions["maker/a"])
}

// Long names are truncated by characters, not by bytes. The new names are unique
// although many names are equal after truncation.
func TestLongNamesAreTruncated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	base := strings.Repeat("ü", 254)
	var items []federation.Item
	for i := 10; i < 40; i++ {
		name := fmt.Sprintf("%s%d", base, i)
		r.put(target, "maker", name, `{}`)
		items = append(items, item("maker", name, `{"description":"x"}`))
	}
	got := r.load(target, bundle(t, items...), rename)
	require.Equal(t, promote.Counts{Rename: 30}, got.Counts)
	seen := map[string]bool{}
	for _, renamed := range got.items {
		require.False(t, seen[renamed.RenamedTo], "allocated twice: %q", renamed.RenamedTo)
		seen[renamed.RenamedTo] = true
		require.Equal(t, 256, utf8.RuneCountInString(renamed.RenamedTo))
		require.NotEmpty(t, r.spec(target, "maker", renamed.RenamedTo))
	}
	require.True(t, seen[base+"-2"] && seen[strings.Repeat("ü", 253)+"-10"])
}

// Names that are equal after truncation must not make the search for free names
// quadratic: each name needs little more than one query.
func TestFreeNamesAreFoundWithFewQueries(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	base := strings.Repeat("n", 250)
	var items []federation.Item
	for i := range 500 {
		name := fmt.Sprintf("%s%06d", base, i)
		r.put(target, "maker", name, `{}`)
		items = append(items, item("maker", name, `{"description":"x"}`))
	}
	var counted counts
	services := r.services
	services.Transfers = countingTransfers{services.Transfers, &counted}
	report, err := promote.New(services).
		Import(t.Context(), target.ID, reader(bundle(t, items...)), rename)
	require.NoError(t, err)
	defer report.Close()
	require.Equal(t, 500, report.Counts.Rename)
	require.LessOrEqual(t, counted.exists, 600)
}

// A renamed item gets a new secret too. The secret of the old name belongs to the
// target, and a caller who promotes must not be able to use it.
func TestRenamedItemDoesNotUseSecretOfTarget(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	source, target := r.tenant("source"), r.tenant("target")
	r.put(source, "widget", "lamp", `{"token":"theirs"}`)
	r.put(target, "widget", "lamp", `{"token":"ours","size":1}`)
	got := r.load(target, r.export(source), rename)
	require.Equal(t, `{"$secret":"widget/lamp-2/token"}`,
		r.member(target, "widget", "lamp-2", "token"))
	require.Equal(t, []federation.SecretUse{
		{Kind: "widget", Name: "lamp-2", Path: "/spec/token", Secret: "widget/lamp-2/token"},
	}, got.SecretsRequired)
}

// A chain against the order of names is the worst case for an algorithm that
// repeats its search until nothing changes.
func TestLongReferenceChainNeedsFewComparisons(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.tenant("target")
	const links = 2000
	var items []federation.Item
	for i := range links {
		items = append(items, item("widget", fmt.Sprintf("w%04d", i),
			fmt.Sprintf(`{"parent":"w%04d"}`, min(i+1, links-1))))
	}
	for _, item := range slices.Backward(items) {
		r.putItem(target, item)
	}
	items[links-1].Spec = json.RawMessage(`{"parent":"w1999","size":1}`)

	var counted counts
	services := r.services
	services.Transfers = countingTransfers{services.Transfers, &counted}
	report, err := promote.New(services).
		Import(t.Context(), target.ID, reader(bundle(t, items...)), rename)
	require.NoError(t, err)
	defer report.Close()
	require.Equal(t, promote.Counts{Rename: links}, report.Counts)
	require.LessOrEqual(t, counted.compares, 2)
	require.Equal(t, 1, counted.decides)
}
