package hosttablestest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// What an import deletes goes as what is deleted alone: for good, or marked; with its rows in join
// tables; and never while an item refers to it that stays.
func TestPruneDeletesAsASingleDeletionDoes(t *testing.T) {
	eachKey(t, func(r rig, _ bool) {
		stores := r.db.Services()
		for _, i := range []federation.Item{item("team", "a", `{}`), item("team", "b", `{"parent":"a"}`),
			item("player", "p", `{"team":"b","side":{"kind":"team","name":"a"}}`),
			item("player", "q", `{"side":{"kind":"player","name":"p"}}`),
			item("match", "m", `{"home":"b","players":["q","p"]}`)} {
			_, _, err := stores.Resources.Put(r.Context(), r.other.ID, i, ports.Condition{})
			require.NoError(r, err)
		}
		r.load(r.acme, r.export(r.other), promote.Options{})
		for _, i := range [][2]string{{"match", "m"}, {"player", "q"}, {"player", "p"}, {"team", "b"}} {
			require.NoError(r, stores.Resources.Delete(r.Context(), r.other.ID, ref(i[0], i[1]),
				ports.Condition{}))
		}
		bundle := r.export(r.other)
		prune := promote.Options{Prune: &ports.Selection{}, Confirm: true}
		r.put("match", "own", `{"home":"b","players":["p"]}`)
		err := r.tryLoad(bundle, prune)
		requireCode(r.T, tenancy.CodeReferenced, err)
		require.Len(r, r.names(ports.ResourceQuery{Kind: "player"}), 2, "nothing was deleted")

		r.put("match", "own", `{}`)
		require.Equal(r, 4, r.load(r.acme, bundle, prune).Delete)
		require.Equal(r, []string{"a"}, r.names(ports.ResourceQuery{Kind: "team"}))
		require.Empty(r, r.names(ports.ResourceQuery{Kind: "player"}))
		require.Equal(r, []string{"own"}, r.names(ports.ResourceQuery{Kind: "match"}))
		require.Equal(r, 1, r.count("SELECT count(*) FROM teams WHERE deleted_at IS NOT NULL"))
		require.Zero(r, r.count("SELECT count(*) FROM match_players"))
		require.Zero(r, r.load(r.acme, bundle, prune).Delete, "what is gone isn't deleted twice")
	})
}

// tryLoad imports a bundle into acme.
func (r rig) tryLoad(bundle []byte, o promote.Options) error {
	report, err := promote.New(r.db.Services()).Import(r.Context(), r.acme.ID, bytes.NewReader(bundle), o)
	if err == nil {
		report.Close()
	}
	return err
}
