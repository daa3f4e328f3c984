package items

import (
	"context"
	"errors"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// importError translates the error of an import. It is [tenancy.CodeTargetChanged] if a concurrent
// write made the import fail, so that another try may succeed.
func (s *transfers) importError(ctx context.Context, err error) error {
	switch state := pgerr.State(err); {
	case state == pgerr.StateSerialization, state == pgerr.StateDeadlock,
		state == pgerr.StateForeignKey,
		state == pgerr.StateUnique && s.isNameKey(ctx, err):
		return tenancy.Errorf(tenancy.CodeTargetChanged,
			"the tenant was written to while the import ran; nothing was imported: try again").
			Because(err)
	}
	return pgerr.Translate(err)
}

// isNameKey reports whether err is about the unique key of the items' names. The import has
// checked the names, so a write that its snapshot doesn't show has taken the name. Any other
// unique key is the host's own: the items may violate it at every try.
func (s *transfers) isNameKey(ctx context.Context, err error) bool {
	e, ok := errors.AsType[pgdriver.Error](err)
	if !ok {
		return false
	}
	const query = `SELECT i.indexprs IS NULL AND coalesce(pg_get_expr(i.indpred, i.indrelid)
		  = '(' || quote_ident(nullif(?, '')) || ' IS NULL)', i.indpred IS NULL) AND NOT EXISTS (
		SELECT FROM pg_attribute a
		 WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND a.attname NOT IN (?, ?))
		FROM pg_index i WHERE i.indexrelid = to_regclass(?)`
	for _, t := range s.declared.Tables {
		if t.Schema != e.Field('s') || t.Name != e.Field('t') {
			continue
		}
		index := sqltext.Quote(t.Schema) + "." + sqltext.Quote(e.Field('n'))
		var isName bool
		scanErr := s.pool.App.NewRaw(query, t.DeletedAt, t.TenantColumn, t.NameColumn, index).
			Scan(ctx, &isName)
		return scanErr == nil && isName
	}
	return false
}
