package instance

import (
	"context"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// Instance reads the installation's id.
func Instance(ctx context.Context, p *pool.Pool) (id string, err error) {
	ctx = pool.CrossTenant(ctx, "read the instance's id at start")
	err = p.System.NewRaw("SELECT id::text FROM bailiwick.instance").Scan(ctx, &id)
	return id, pgerr.Translate(err)
}
