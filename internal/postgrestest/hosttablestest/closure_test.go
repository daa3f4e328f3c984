package hosttablestest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
)

// randomTeams fills a tenant with items that refer to each other at random, in rings too. A part of
// them is deleted, which others still refer to. There are fewer references than items, so that
// closures have all sizes.
const randomTeams = `SELECT setseed(0.5);
	INSERT INTO teams (id, name, tenant_id, labels, parent_id, deleted_at) OVERRIDING SYSTEM VALUE
	SELECT n, 'n' || n, $1, jsonb_build_object('k', (n % 7)::text),
		CASE WHEN random() < 0.8 THEN 1 + floor(random() * 60) END,
		CASE WHEN random() < 0.2 THEN now() END FROM generate_series(1, 60) n;
	INSERT INTO players (id, name, tenant_id, labels, team_id, side_team, side_player, gone)
	OVERRIDING SYSTEM VALUE
	SELECT n, 'n' || n, $1, jsonb_build_object('k', (n % 7)::text),
		CASE WHEN random() < 0.5 THEN 1 + floor(random() * 60) END,
		CASE WHEN n % 3 = 0 THEN 1 + floor(random() * 60) END,
		CASE WHEN n % 3 > 0 THEN 1 + floor(random() * 60) END,
		CASE WHEN random() < 0.2 THEN now() END FROM generate_series(1, 60) n;
	INSERT INTO matches (id, name, tenant_id, labels, home_id) OVERRIDING SYSTEM VALUE
	SELECT n, 'n' || n, $1, jsonb_build_object('k', (n % 7)::text),
		CASE WHEN random() < 0.5 THEN 1 + floor(random() * 60) END FROM generate_series(1, 60) n;
	INSERT INTO match_players (tenant_id, match_id, player_id)
	SELECT $1, m, p FROM generate_series(1, 60) m, generate_series(1, 60) p WHERE random() < 0.03`

// exported returns the items of an export of acme, and what each of them refers to.
func (r rig) exported(
	t require.TestingT, sel ports.Selection,
) ([]federation.Item, map[federation.Ref][]federation.Target) {
	var items []federation.Item
	targets := map[federation.Ref][]federation.Target{}
	err := r.db.Services().Transfers.Export(r.Context(), r.acme.ID, sel,
		func(item federation.Item) (err error) {
			items = append(items, item)
			targets[item.Ref], err = r.db.Kinds().Targets(item)
			return err
		})
	require.NoError(t, err, "%+v", sel)
	return items, targets
}

// TestExportWithReferencesIsTheClosure compares exports with a search through the references of
// the items themselves.
func TestExportWithReferencesIsTheClosure(t *testing.T) {
	t.Parallel()
	r := newRig(t, teamsSchema(true), teamTables()...)
	superuser := fixture.Superuser(t, r.url)
	for _, tenant := range []string{r.acme.ID.String(), r.other.ID.String()} {
		_, err := superuser.ExecContext(t.Context(), randomTeams, tenant)
		require.NoError(t, err)
	}
	all, targets := r.exported(t, ports.Selection{})
	sizes := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		sel := ports.Selection{
			Kinds: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"match", "player", "team"}),
				0, 2, rapid.ID[string]).Draw(t, "kinds"),
			Labels: rapid.SampledFrom([]map[string]string{nil, {"k": "1"}, {"k": "5"}, {"k": "9"}}).
				Draw(t, "labels"),
			WithReferences: true,
		}
		var want []federation.Ref
		for _, item := range all {
			if sel.Selects(item) {
				want = append(want, item.Ref)
			}
		}
		if len(want) > 0 && rapid.Bool().Draw(t, "by name") {
			sel.Names = []string{rapid.SampledFrom(want).Draw(t, "item").Name}
			want = slices.DeleteFunc(want,
				func(ref federation.Ref) bool { return ref.Name != sel.Names[0] })
		}
		for i := 0; i < len(want); i++ {
			for _, target := range targets[want[i]] {
				if !slices.Contains(want, target.Ref) {
					want = append(want, target.Ref)
				}
			}
		}
		slices.SortFunc(want, federation.Ref.Compare)
		var got []federation.Ref
		items, _ := r.exported(t, sel)
		for _, item := range items {
			got = append(got, item.Ref)
		}
		require.Equal(t, want, got, "%+v", sel)
		sizes[len(got) > 20]++
	})
	require.Len(t, sizes, 2, "closures are small and large")
}
