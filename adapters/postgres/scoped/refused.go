package scoped

import (
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	errMerge = tenancy.Errorf(tenancy.CodeInternal,
		"a scoped handle refuses MERGE, because its branches can't have the tenant's condition:"+
			" use INSERT … ON CONFLICT, or NewRaw")
	errSchema = tenancy.Errorf(tenancy.CodeInternal,
		"a scoped handle doesn't change the schema, and refuses TRUNCATE, to which row security"+
			" doesn't apply: use Options.Migrations")
)

// NewMerge returns a query that is refused: see [Handle].
func (s *Handle) NewMerge() *bun.MergeQuery {
	return bun.NewMergeQuery(s.db).Conn(refusing{errMerge}).Err(errMerge)
}

// NewCreateTable returns a query that is refused: see [Handle].
func (s *Handle) NewCreateTable() *bun.CreateTableQuery {
	return bun.NewCreateTableQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewDropTable returns a query that is refused: see [Handle].
func (s *Handle) NewDropTable() *bun.DropTableQuery {
	return bun.NewDropTableQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewCreateIndex returns a query that is refused: see [Handle].
func (s *Handle) NewCreateIndex() *bun.CreateIndexQuery {
	return bun.NewCreateIndexQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewDropIndex returns a query that is refused: see [Handle].
func (s *Handle) NewDropIndex() *bun.DropIndexQuery {
	return bun.NewDropIndexQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewTruncateTable returns a query that is refused: see [Handle].
func (s *Handle) NewTruncateTable() *bun.TruncateTableQuery {
	return bun.NewTruncateTableQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewAddColumn returns a query that is refused: see [Handle].
func (s *Handle) NewAddColumn() *bun.AddColumnQuery {
	return bun.NewAddColumnQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewDropColumn returns a query that is refused: see [Handle].
func (s *Handle) NewDropColumn() *bun.DropColumnQuery {
	return bun.NewDropColumnQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}
