package hosttablestest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type teamRow struct {
	bun.BaseModel `bun:"table:teams"`
	ID            int64      `bun:"id,pk,autoincrement"`
	Parent        *int64     `bun:"parent_id"`
	Motto         *string    `bun:"motto,type:text"`
	DeletedAt     *time.Time `bun:"deleted_at,soft_delete"`
}

type playerRow struct {
	bun.BaseModel `bun:"table:players"`
	ID            int64     `bun:"id,pk,autoincrement"`
	Team          *int64    `bun:"team_id"`
	SideTeam      *int64    `bun:"side_team"`
	SidePlayer    *int64    `bun:"side_player"`
	DeletedAt     time.Time `bun:"gone,soft_delete,nullzero"`
}

type matchRow struct { // its rows are deleted for good
	bun.BaseModel `bun:"table:matches"`
	ID            int64  `bun:"id,pk,autoincrement"`
	Home          *int64 `bun:"home_id"`
}

// teamsSchema has unique keys on names, of all rows or only of those that aren't deleted.
func teamsSchema(namesAreKept bool) string {
	const kept = ", UNIQUE (tenant_id, name))"
	teams, players := kept, kept
	if !namesAreKept {
		teams = "); CREATE UNIQUE INDEX ON teams (tenant_id, name) WHERE deleted_at IS NULL"
		players = "); CREATE UNIQUE INDEX ON players (tenant_id, name) WHERE gone IS NULL"
	}
	id := "(id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL, " + tenantColumn + ", " +
		itemColumns + ", PRIMARY KEY (tenant_id, id), "
	return `CREATE TABLE teams ` + id + `parent_id bigint, motto text, deleted_at timestamptz,
		FOREIGN KEY (tenant_id, parent_id) REFERENCES teams (tenant_id, id)` + teams + `;
	CREATE TABLE players ` + id + `team_id bigint, side_team bigint, side_player bigint, gone timestamptz,
		FOREIGN KEY (tenant_id, side_player) REFERENCES players (tenant_id, id),
		FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id),
		FOREIGN KEY (tenant_id, side_team) REFERENCES teams (tenant_id, id)` + players + `;
	CREATE TABLE matches ` + id + `home_id bigint, UNIQUE (tenant_id, name),
		FOREIGN KEY (tenant_id, home_id) REFERENCES teams (tenant_id, id));
	CREATE TABLE match_players (` + tenantColumn + `, match_id bigint NOT NULL, player_id bigint NOT NULL,
		PRIMARY KEY (tenant_id, match_id, player_id),
		FOREIGN KEY (tenant_id, match_id) REFERENCES matches (tenant_id, id),
		FOREIGN KEY (tenant_id, player_id) REFERENCES players (tenant_id, id));
	CREATE TABLE player_matches (` + tenantColumn + `, player_id bigint NOT NULL, match_id bigint NOT NULL,
		PRIMARY KEY (tenant_id, player_id, match_id),
		FOREIGN KEY (tenant_id, match_id) REFERENCES matches (tenant_id, id),
		FOREIGN KEY (tenant_id, player_id) REFERENCES players (tenant_id, id))`
}

func teamTables() []postgres.Table {
	return []postgres.Table{
		{Model: (*teamRow)(nil), Kind: "team", Search: []string{"motto"}, References: []postgres.Reference{
			{Field: "parent", Kind: "team", Column: "parent_id"}}},
		{Model: (*playerRow)(nil), Kind: "player", References: []postgres.Reference{
			{Field: "team", Kind: "team", Column: "team_id"},
			{Field: "side", Columns: map[string]string{"team": "side_team",
				"player": "side_player"}}}},
		{Model: (*matchRow)(nil), Kind: "match", Path: "matches", References: []postgres.Reference{
			{Field: "home", Kind: "team", Column: "home_id"},
			{Field: "players", Kind: "player", Join: &postgres.Join{Table: "match_players",
				From: "match_id", To: "player_id"}}}},
	}
}

// eachKey runs a test with both kinds of unique keys.
func eachKey(t *testing.T, test func(rig, bool)) {
	t.Parallel()
	for name, kept := range map[string]bool{"names are kept": true, "names are free": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newRig(t, teamsSchema(kept), teamTables()...), kept)
		})
	}
}

func (r rig) count(query string) (n int) {
	r.Helper()
	ctx := tenancy.NewContext(r.Context(), r.acme.ID)
	require.NoError(r, r.db.Scoped(ctx).NewRaw(query).Scan(ctx, &n))
	return n
}

func TestDeletedItemIsNowhere(t *testing.T) {
	eachKey(t, func(r rig, _ bool) {
		first := r.put("team", "a", `{"motto":"win"}`)
		r.put("team", "b", `{"motto":"win"}`)
		require.NotContains(r, string(first.Spec), "deleted_at")
		require.NoError(r, r.delete("team", "a"))
		require.Equal(r, 1, r.count("SELECT count(*) FROM teams WHERE deleted_at IS NOT NULL"))
		requireCode(r.T, tenancy.CodeNotFound, r.delete("team", "a"))
		_, err := r.get("team", "a")
		requireCode(r.T, tenancy.CodeNotFound, err)
		require.Equal(r, []string{"b"}, r.names(ports.ResourceQuery{Kind: "team"}))
		require.Equal(r, []string{"b"}, r.names(ports.ResourceQuery{Kind: "team", Search: "WIN"}))
		require.NotContains(r, string(r.export(r.acme)), `"a"`)
		_, _, err = r.tryPut(item("team", "a", `{}`), ports.Condition{Exists: true})
		requireCode(r.T, tenancy.CodeVersionMismatch, err)
		r.requireLossless()
	})
}

func TestDeletedNameIsGivenAnew(t *testing.T) {
	eachKey(t, func(r rig, kept bool) {
		first := r.put("team", "a", `{"motto":"old","x":1}`)
		require.NoError(r, r.delete("team", "a"))
		anew, created, err := r.tryPut(item("team", "a", `{"motto":"new"}`),
			ports.Condition{Absent: true})
		require.NoError(r, err)
		require.True(r, created)
		require.JSONEq(r, `{"motto":"new"}`, string(anew.Spec))
		require.Equal(r, kept, anew.ID == first.ID)
		if kept {
			require.Greater(r, anew.Version, first.Version, "an ETag must not come back")
		}
		_, _, err = r.tryPut(item("team", "a", `{}`),
			ports.Condition{ID: first.ID, Version: first.Version})
		requireCode(r.T, tenancy.CodeVersionMismatch, err)
		require.NoError(r, r.delete("team", "a"))
		last := r.put("team", "a", `{"parent":null,"motto":"last"}`)
		require.Equal(r, "last", specOf(r.T, last)["motto"])
		require.Equal(r, []string{"a"}, r.names(ports.ResourceQuery{Kind: "team"}))
	})
}

func TestReferencesToDeletedItems(t *testing.T) {
	eachKey(t, func(r rig, _ bool) {
		r.put("team", "a", `{}`)
		r.put("team", "b", `{"parent":"a"}`)
		requireCode(r.T, tenancy.CodeReferenced, r.delete("team", "a"))
		require.NoError(r, r.delete("team", "b"))
		require.NoError(r, r.delete("team", "a"))
		for _, spec := range []string{`{"team":"a"}`, `{"side":{"kind":"team","name":"a"}}`} {
			_, _, err := r.tryPut(item("player", "p", spec), ports.Condition{})
			requireCode(r.T, tenancy.CodeDanglingReference, err)
		}
		_, _, err := r.tryPut(item("team", "c", `{"parent":"a"}`), ports.Condition{})
		requireCode(r.T, tenancy.CodeDanglingReference, err)

		r.put("team", "a", `{}`)
		r.put("player", "p", `{"team":"a","side":{"kind":"team","name":"a"}}`)
		r.put("player", "q", `{}`)
		r.put("match", "m", `{"home":"a","players":["p","q"]}`)
		requireCode(r.T, tenancy.CodeReferenced, r.delete("team", "a"))
		requireCode(r.T, tenancy.CodeReferenced, r.delete("player", "p"))
		r.requireLossless()
		// a host that deletes in its own way leaves items without these references
		r.exec("UPDATE teams SET deleted_at = now(); UPDATE players SET gone = now() WHERE name = 'q'")
		player, err := r.get("player", "p")
		require.NoError(r, err)
		require.JSONEq(r, `{}`, string(player.Spec))
		match, err := r.get("match", "m")
		require.NoError(r, err)
		require.JSONEq(r, `{"players":["p"]}`, string(match.Spec))
		listed, err := r.db.Services().Resources.List(r.Context(), r.acme.ID,
			ports.ResourceQuery{Kind: "match", Limit: 1})
		require.NoError(r, err)
		require.Equal(r, match, listed[0])
		changed := r.put("player", "p", `{}`)
		require.Equal(r, player.Version+1, changed.Version, "the put mends the row")
	})
}

// A row that is deleted for good must not leave a deleted row that refers to it.
func TestDeletedItemHoldsWhatIsDeletedForGood(t *testing.T) {
	t.Parallel()
	tables := teamTables()
	tables[1].References = append(tables[1].References, postgres.Reference{Field: "matches",
		Kind: "match", Join: &postgres.Join{Table: "player_matches", From: "player_id", To: "match_id"}})
	tables[2].References = nil
	r := newRig(t, teamsSchema(true), tables...)
	r.put("match", "m", `{}`)
	r.put("player", "p", `{"matches":["m"]}`)
	require.NoError(t, r.delete("player", "p"))
	requireCode(t, tenancy.CodeReferenced, r.delete("match", "m"))
	r.put("player", "p", `{}`)
	require.NoError(t, r.delete("match", "m"))
}

func TestImportTakesNoNoticeOfDeletedItems(t *testing.T) {
	eachKey(t, func(r rig, _ bool) {
		r.put("team", "a", `{"motto":"1"}`)
		r.put("team", "b", `{"parent":"a"}`)
		r.put("player", "p", `{"team":"b"}`)
		bundle := r.export(r.acme)
		for _, i := range [][2]string{{"player", "p"}, {"team", "b"}, {"team", "a"}} {
			require.NoError(r, r.delete(i[0], i[1]))
		}
		counts := r.load(r.acme, bundle, promote.Options{})
		require.Equal(r, 3, counts.Create, "%+v", counts)
		player, err := r.get("player", "p")
		require.NoError(r, err)
		require.JSONEq(r, `{"team":"b"}`, string(player.Spec))
		r.put("team", "a", `{"motto":"2"}`)
		require.NoError(r, r.delete("player", "p"))
		counts = r.load(r.acme, bundle, promote.Options{Strategy: promote.Overwrite})
		require.Equal(r, 1, counts.Create, "%+v", counts)
		require.Equal(r, 1, counts.Update, "%+v", counts)
		require.NoError(r, r.delete("player", "p"))
		require.NoError(r, r.delete("team", "b"))
		_, _, err = r.tryPut(item("player", "p", `{"team":"b"}`), ports.Condition{})
		requireCode(r.T, tenancy.CodeDanglingReference, err)
	})
}

// A quota counts what a tenant can see. A deleted row that is revived counts again.
func TestQuotaCountsLivingItems(t *testing.T) {
	eachKey(t, func(r rig, _ bool) {
		limited := r.acme
		limited.Quotas.Resources = map[string]int64{"team": 2}
		_, err := r.db.Tenants().Update(r.Context(), limited)
		require.NoError(r, err)
		r.put("team", "a", `{}`)
		r.put("team", "b", `{}`)
		require.NoError(r, r.delete("team", "a"))
		r.put("team", "c", `{}`)
		_, _, err = r.tryPut(item("team", "a", `{}`), ports.Condition{})
		requireCode(r.T, tenancy.CodeQuotaExceeded, err)
		r.put("team", "b", `{"motto":"changed"}`)
		ctx := tenancy.NewContext(r.Context(), r.acme.ID)
		_, err = r.db.Scoped(ctx).NewRaw("UPDATE teams SET deleted_at = NULL").Exec(ctx)
		require.ErrorContains(r, err, "as many of kind team")
		require.NoError(r, r.delete("team", "b"))
		r.put("team", "a", `{}`)
	})
}

func TestTagSoftDeleteThatNoItemCanHaveIsRefused(t *testing.T) {
	t.Parallel()
	type zero struct {
		bun.BaseModel `bun:"table:teams"`
		DeletedAt     time.Time `bun:"deleted_at,soft_delete"`
	}
	const alter = "ALTER TABLE teams ALTER deleted_at "
	for want, try := range map[string]struct {
		schema string
		table  postgres.Table
	}{
		"nullzero":         {"", postgres.Table{Model: (*zero)(nil), Kind: "team"}},
		"only item":        {"", postgres.Table{Model: (*teamRow)(nil), Kind: "team", Singleton: "x"}},
		"DROP DEFAULT":     {alter + "SET DEFAULT now()", teamTables()[0]},
		"DROP NOT NULL":    {alter + "SET NOT NULL", teamTables()[0]},
		"TYPE timestamptz": {alter + "TYPE date", teamTables()[0]},
		"ADD COLUMN \"deleted_at\" timestamptz": {
			"ALTER TABLE teams DROP COLUMN deleted_at", teamTables()[0]},
		"two items can have one name": {"DROP INDEX teams_tenant_id_name_idx;" +
			"CREATE UNIQUE INDEX ON teams (tenant_id, name) WHERE motto IS NULL", teamTables()[0]},
	} {
		_, err := postgres.Open(t.Context(), options(pgtest.Database(t),
			teamsSchema(false)+";"+try.schema, try.table))
		require.ErrorContains(t, err, want)
	}
}

func TestTablesWithDeletedRowsAreIsolated(t *testing.T) {
	t.Parallel()
	newEmptyRig(t, teamsSchema(false), teamTables()...).prove()
}
