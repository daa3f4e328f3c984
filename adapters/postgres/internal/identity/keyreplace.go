package identity

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func (s *keys) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, until time.Time,
) (made tenancy.APIKey, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return tenancy.APIKey{}, tenancy.ErrNotFound
	}
	err = s.pool.App.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var old []keyRow
		err := tx.NewRaw("SELECT "+shownColumns+
			" FROM bailiwick.api_keys WHERE tenant_id = ? AND id = ? FOR NO KEY UPDATE", tenant,
			parsed.String()).Scan(ctx, &old)
		switch {
		case err != nil:
			return err
		case len(old) == 0:
			return tenancy.ErrNotFound
		case old[0].RotatedTo != nil:
			return tenancy.Errorf(tenancy.CodeInvalidState,
				"the key was rotated already: rotate the one that took its place")
		}
		made, err = replaceKey(ctx, tx, old[0], next, until)
		return err
	})
	if pgerr.State(err) == pgerr.StateUnique {
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeAlreadyExists, "this key exists already").Because(err)
	}
	if err != nil {
		return tenancy.APIKey{}, pgerr.Translate(err)
	}
	made.Hash = next.Hash
	return made, nil
}

func replaceKey(
	ctx context.Context, tx bun.IDB, old keyRow, next tenancy.APIKey, until time.Time,
) (tenancy.APIKey, error) {
	var row keyRow
	err := tx.NewRaw("INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash,"+
		" expires_at, prefix, created_by)"+
		" SELECT tenant_id, ?0, name, role, ?1, now() + (expires_at - created_at), ?2, ?3::jsonb"+
		" FROM bailiwick.api_keys WHERE tenant_id = ?4 AND id = ?5"+
		" RETURNING "+shownColumns, next.ID, next.Hash[:], next.Prefix, actorOf(next.CreatedBy),
		old.TenantID, old.ID).Scan(ctx, &row)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	var ending keyRow
	err = tx.NewRaw("UPDATE bailiwick.api_keys SET rotated_to = ?, expires_at = least(expires_at,"+
		" ?) WHERE tenant_id = ? AND id = ? RETURNING "+shownColumns,
		row.ID, until, old.TenantID, old.ID).Scan(ctx, &ending)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	return row.key(), audit.Record(ctx, tx, tenancy.RotateKeyEvent(ending.key(), row.key()))
}

// actorOf is an actor for a column, nil for nobody.
func actorOf(a tenancy.Actor) any {
	if a == (tenancy.Actor{}) {
		return nil
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return nil // texts always have a JSON form
	}
	return string(raw)
}

// readActor reads what actorOf wrote.
func readActor(raw *string) (a tenancy.Actor) {
	if raw != nil {
		_ = json.Unmarshal([]byte(*raw), &a) // what can't be read is nobody
	}
	return a
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
