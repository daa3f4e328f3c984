package scoped

import (
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	errMerge = tenancy.Errorf(tenancy.CodeInternal,
		"a scoped handle makes no MERGE, whose branches carry no condition: use INSERT … ON"+
			" CONFLICT, or NewRaw")
	errSchema = tenancy.Errorf(tenancy.CodeInternal,
		"a scoped handle doesn't change the schema, nor TRUNCATE, which row security doesn't"+
			" hold: use Options.Migrations")
)

// NewMerge is refused: see [Scoped].
func (s *Handle) NewMerge() *bun.MergeQuery {
	return bun.NewMergeQuery(s.db).Conn(refusing{errMerge}).Err(errMerge)
}

// NewCreateTable is refused: see [Scoped].
func (s *Handle) NewCreateTable() *bun.CreateTableQuery {
	return bun.NewCreateTableQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewDropTable is refused: see [Scoped].
func (s *Handle) NewDropTable() *bun.DropTableQuery {
	return bun.NewDropTableQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewCreateIndex is refused: see [Scoped].
func (s *Handle) NewCreateIndex() *bun.CreateIndexQuery {
	return bun.NewCreateIndexQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewDropIndex is refused: see [Scoped].
func (s *Handle) NewDropIndex() *bun.DropIndexQuery {
	return bun.NewDropIndexQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewTruncateTable is refused: see [Scoped].
func (s *Handle) NewTruncateTable() *bun.TruncateTableQuery {
	return bun.NewTruncateTableQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewAddColumn is refused: see [Scoped].
func (s *Handle) NewAddColumn() *bun.AddColumnQuery {
	return bun.NewAddColumnQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}

// NewDropColumn is refused: see [Scoped].
func (s *Handle) NewDropColumn() *bun.DropColumnQuery {
	return bun.NewDropColumnQuery(s.db).Conn(refusing{errSchema}).Err(errSchema)
}
