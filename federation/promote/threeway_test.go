package promote_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/promotetest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestPromotionMatchesTheModel(t *testing.T) {
	t.Parallel()
	promotetest.CheckAgainstModel(t, newRig(t).services)
}

// all prunes all that came from the source.
var all = &ports.Selection{}

// promoted is a source and a target that took everything from it.
type promoted struct {
	rig
	source, target tenancy.Tenant
}

func newPromoted(t *testing.T, specs ...string) promoted {
	t.Helper()
	r := newRig(t)
	p := promoted{r, r.tenant("source"), r.tenant("target")}
	for i, spec := range specs {
		p.put(p.source, "widget", string(rune('a'+i)), spec)
	}
	p.load(p.target, p.export(p.source), promote.Options{})
	return p
}

func (p promoted) again(o promote.Options) outcome {
	p.t.Helper()
	return p.load(p.target, p.export(p.source), o)
}

func (p promoted) delete(tenant tenancy.Tenant, name string) {
	p.t.Helper()
	require.NoError(p.t, p.services.Resources.Delete(p.ctx(), tenant.ID,
		federation.Ref{Kind: "widget", Name: name}, ports.Condition{}))
}

func TestOnlyTheSourcesChangesAreTaken(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{"size":1}`, `{"size":1}`, `{"size":1}`)
	p.put(p.source, "widget", "a", `{"size":2}`)
	p.put(p.target, "widget", "b", `{"size":3}`)
	p.delete(p.target, "c")
	got := p.again(promote.Options{})
	require.Equal(t, map[string]string{"settings/default": "unchanged", "widget/a": "update",
		"widget/b": "keep", "widget/c": "keep"}, got.actions)
	require.Contains(t, p.spec(p.target, "widget", "b"), `"size":3`)
	require.Empty(t, p.spec(p.target, "widget", "c"))
}

func TestConflictShowsAllThreeSides(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{"size":1}`)
	p.put(p.source, "widget", "a", `{"size":2}`)
	p.put(p.target, "widget", "a", `{"size":3}`)
	sizes := func(c *promote.Conflict) (all []int) {
		for _, side := range []*promote.Content{c.Base, c.Ours, c.Theirs} {
			var spec struct{ Size int }
			require.NoError(t, json.Unmarshal(side.Spec, &spec))
			all = append(all, spec.Size)
		}
		return all
	}
	for _, strategy := range promote.Strategies() {
		got := p.again(promote.Options{Strategy: strategy, DryRun: true}).items["widget/a"]
		require.Equal(t, []int{1, 3, 2}, sizes(got.Conflict), "%s", strategy)
	}
	p.delete(p.target, "a")
	got := p.again(promote.Options{DryRun: true}).items["widget/a"]
	require.Equal(t, promote.ActionFail, got.Action)
	require.Nil(t, got.Conflict.Ours)
}

func TestMergeJoinsWhatEachSideChanged(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{"size":1,"description":"one"}`)
	p.put(p.source, "widget", "a", `{"size":2,"description":"one"}`)
	p.put(p.target, "widget", "a", `{"size":1,"description":"ours"}`)
	merge := promote.Options{Strategy: promote.Merge}
	got := p.again(merge)
	require.Equal(t, "merge", got.actions["widget/a"])
	joined := p.spec(p.target, "widget", "a")
	require.Contains(t, joined, `"description":"ours"`)
	require.Contains(t, joined, `"size":2`)
	require.Equal(t, "keep", p.again(merge).actions["widget/a"], "the source has nothing new")

	p.put(p.source, "widget", "a", `{"size":5,"description":"one"}`)
	p.put(p.target, "widget", "a", `{"size":4,"description":"ours"}`)
	err := p.refused(p.target, reader(p.export(p.source)), merge)
	require.Equal(t, tenancy.CodeImportConflict, tenancy.CodeOf(err))
	plan := p.again(promote.Options{Strategy: promote.Merge, DryRun: true}).items["widget/a"]
	require.Equal(t, []string{"/spec/size"}, plan.Conflict.Paths)
}

func TestRenameIsRememberedAndReferencesFollow(t *testing.T) {
	t.Parallel()
	p := newPromoted(t)
	p.put(p.source, "maker", "ada", `{"description":"theirs"}`)
	p.put(p.source, "widget", "lamp", `{"maker":"ada"}`)
	p.put(p.target, "maker", "ada", `{"description":"ours"}`)
	first := p.again(rename)
	require.Equal(t, "rename ada-2", first.actions["maker/ada"])
	require.Contains(t, p.spec(p.target, "widget", "lamp"), `"maker":"ada-2"`)

	p.put(p.source, "maker", "ada", `{"description":"theirs, changed"}`)
	p.put(p.source, "widget", "sofa", `{"maker":"ada"}`)
	second := p.again(promote.Options{})
	require.Equal(t, map[string]string{"maker/ada": "update ada-2", "settings/default": "unchanged",
		"widget/lamp": "unchanged", "widget/sofa": "create"}, second.actions)
	require.Contains(t, p.spec(p.target, "maker", "ada"), "ours")
	require.Contains(t, p.spec(p.target, "maker", "ada-2"), "theirs, changed")
	require.Contains(t, p.spec(p.target, "widget", "sofa"), `"maker":"ada-2"`)
}

func TestNameThatARenameUsesIsNotTakenTwice(t *testing.T) {
	t.Parallel()
	p := newPromoted(t)
	p.put(p.source, "maker", "ada", `{"description":"theirs"}`)
	p.put(p.target, "maker", "ada", `{"description":"ours"}`)
	p.again(rename)
	p.put(p.source, "maker", "ada-2", `{"description":"a third"}`)
	for _, strategy := range []promote.Strategy{promote.Fail, promote.Overwrite, promote.Merge} {
		err := p.refused(p.target, reader(p.export(p.source)), promote.Options{Strategy: strategy})
		require.Equal(t, tenancy.CodeImportConflict, tenancy.CodeOf(err), "%s", strategy)
	}
	require.Equal(t, "skip", p.again(promote.Options{Strategy: promote.Skip}).actions["maker/ada-2"])
	got := p.again(rename)
	require.Equal(t, "rename ada-2-2", got.actions["maker/ada-2"])
	require.Contains(t, p.spec(p.target, "maker", "ada-2"), "theirs")
	require.Contains(t, p.spec(p.target, "maker", "ada-2-2"), "a third")
	require.Equal(t, "unchanged ada-2-2", p.again(promote.Options{}).actions["maker/ada-2"])
}

func TestPruneDeletesOnlyWhatCameFromTheSource(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{}`, `{}`, `{}`, `{}`, `{}`, `{}`)
	p.put(p.target, "widget", "own", `{}`)
	p.delete(p.source, "a")
	require.NotContains(t, p.again(promote.Options{}).actions, "widget/a", "without prune")
	got := p.again(promote.Options{Prune: all})
	require.Equal(t, "delete", got.actions["widget/a"])
	require.Equal(t, 1, got.Counts.Delete)
	require.Empty(t, p.spec(p.target, "widget", "a"))
	require.NotEmpty(t, p.spec(p.target, "widget", "own"))
}

func TestPruneOfWhatTheTargetChangedIsAConflict(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{}`, `{}`, `{}`, `{}`, `{}`, `{}`)
	p.delete(p.source, "a")
	p.put(p.target, "widget", "a", `{"size":9}`)
	err := p.refused(p.target, reader(p.export(p.source)), promote.Options{Prune: all})
	require.Equal(t, tenancy.CodeImportConflict, tenancy.CodeOf(err))
	plan := p.again(promote.Options{Prune: all, DryRun: true}).items["widget/a"]
	require.Nil(t, plan.Conflict.Theirs)
	for strategy, want := range map[promote.Strategy]string{promote.Skip: "skip",
		promote.Rename: "skip", promote.Merge: "fail", promote.Overwrite: "delete"} {
		got := p.again(promote.Options{Prune: all, DryRun: true, Strategy: strategy})
		require.Equal(t, want, got.actions["widget/a"], "%s", strategy)
	}
}

func TestPruneOfMoreThanAFifthAsks(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{}`, `{}`, `{}`, `{}`)
	p.delete(p.source, "a")
	p.delete(p.source, "b")
	before := p.items(p.target)
	err := p.refused(p.target, reader(p.export(p.source)), promote.Options{Prune: all})
	require.Equal(t, tenancy.CodeConfirmationRequired, tenancy.CodeOf(err))
	require.Equal(t, before, p.items(p.target))
	got := p.again(promote.Options{Prune: all, Confirm: true})
	require.Equal(t, 2, got.Counts.Delete)
}

func TestPruneOfWhatIsReferredToIsRefused(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{}`, `{}`, `{}`, `{}`, `{}`, `{}`)
	p.delete(p.source, "a")
	p.put(p.target, "widget", "own", `{"parent":"a"}`)
	err := p.refused(p.target, reader(p.export(p.source)), promote.Options{Prune: all})
	require.Equal(t, tenancy.CodeReferenced, tenancy.CodeOf(err))
	require.NotEmpty(t, p.spec(p.target, "widget", "a"))
}

func TestPruneDeletesOnlyWithinTheSelection(t *testing.T) {
	t.Parallel()
	p := newPromoted(t)
	for _, name := range []string{"ada", "bob", "cyd", "dan", "eva", "fay"} {
		p.putItem(p.source, federation.Item{Ref: federation.Ref{Kind: "maker", Name: name},
			Labels: map[string]string{"team": name}, Spec: json.RawMessage(`{}`)})
	}
	p.put(p.source, "widget", "lamp", `{}`)
	p.again(promote.Options{})
	got := p.load(p.target, p.export(p.source), promote.Options{Confirm: true,
		Prune: &ports.Selection{Kinds: []string{"maker"}, Labels: map[string]string{"team": "ada"}}})
	require.Zero(t, got.Counts.Delete)
	require.NoError(t, p.services.Resources.Delete(t.Context(), p.source.ID,
		federation.Ref{Kind: "maker", Name: "ada"}, ports.Condition{}))
	p.delete(p.source, "lamp")
	got = p.again(promote.Options{Prune: &ports.Selection{Kinds: []string{"maker"}}})
	require.Equal(t, 1, got.Counts.Delete)
	require.Empty(t, p.spec(p.target, "maker", "ada"))
	require.NotEmpty(t, p.spec(p.target, "widget", "lamp"))
}

func TestEachSourceHasItsOwnBases(t *testing.T) {
	t.Parallel()
	p := newPromoted(t, `{"size":1}`)
	other := p.tenant("other")
	p.put(other, "widget", "a", `{"size":2}`)
	got := p.load(p.target, p.export(other), promote.Options{DryRun: true})
	require.Equal(t, "fail", got.actions["widget/a"], "the target never took it from there")
}
