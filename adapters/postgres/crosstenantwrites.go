package postgres

import "github.com/uptrace/bun"

// A bun.IDB also has the queries below. Their statements are refused when they are sent.

func (c crossTenant) NewInsert() *bun.InsertQuery { return c.db.NewInsert().Conn(c.conn()) }

func (c crossTenant) NewUpdate() *bun.UpdateQuery { return c.db.NewUpdate().Conn(c.conn()) }

func (c crossTenant) NewDelete() *bun.DeleteQuery { return c.db.NewDelete().Conn(c.conn()) }

func (c crossTenant) NewMerge() *bun.MergeQuery { return c.db.NewMerge().Conn(c.conn()) }

func (c crossTenant) NewCreateTable() *bun.CreateTableQuery {
	return c.db.NewCreateTable().Conn(c.conn())
}

func (c crossTenant) NewDropTable() *bun.DropTableQuery {
	return c.db.NewDropTable().Conn(c.conn())
}

func (c crossTenant) NewCreateIndex() *bun.CreateIndexQuery {
	return c.db.NewCreateIndex().Conn(c.conn())
}

func (c crossTenant) NewDropIndex() *bun.DropIndexQuery {
	return c.db.NewDropIndex().Conn(c.conn())
}

func (c crossTenant) NewTruncateTable() *bun.TruncateTableQuery {
	return c.db.NewTruncateTable().Conn(c.conn())
}

func (c crossTenant) NewAddColumn() *bun.AddColumnQuery {
	return c.db.NewAddColumn().Conn(c.conn())
}

func (c crossTenant) NewDropColumn() *bun.DropColumnQuery {
	return c.db.NewDropColumn().Conn(c.conn())
}
