package migrate

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrations"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// The migrations of what finds the audit log's entries by their target.
const (
	targetColumn    = "20261205000000"
	targetIndex     = "20261205000001"
	targetIndexFile = targetIndex + "_audit_target_index.up.sql"
)

// targetFill prepares a log that has entries for these migrations while others write to it. Each
// step does what is left of it, so that it continues after a kill, and several instances may run it
// at the same time. The first step is committed before the others begin: from then on new entries
// have their key, whichever version writes them. The index is made before the keys, when it is
// empty; afterwards autovacuum would work on the partitions and hold up what locks them.
type targetFill struct {
	c  Config
	db *bun.DB // has one connection
	o  adoption.Options
}

// fillTargets does nothing in a database without a log, and after the migrations. That they are
// recorded says that every entry has its key.
func fillTargets(ctx context.Context, c Config, o adoption.Options) error {
	return onConnection(ctx, c, adoptionTimeout, func(db *bun.DB) error {
		f := targetFill{c, db, o}
		if needed, err := f.needed(ctx); err != nil || !needed {
			return err
		}
		c.Logger.InfoContext(ctx, "the targets of the audit log's entries are prepared, while others"+
			" may read and write")
		for _, step := range []func(context.Context) error{
			f.addColumn, f.indexPartitions, f.addIndex, f.fillPartitions,
		} {
			if err := step(ctx); err != nil {
				return fmt.Errorf("the targets of the audit log's entries: %w", err)
			}
		}
		return nil
	})
}

func (f targetFill) needed(ctx context.Context) (needed bool, err error) {
	err = f.db.NewRaw("SELECT to_regclass('bailiwick.audit') IS NOT NULL").Scan(ctx, &needed)
	if err != nil || !needed {
		return false, err
	}
	err = f.db.NewRaw("SELECT NOT EXISTS (SELECT FROM "+libraryMigrations+" WHERE name = ?)",
		targetIndex).Scan(ctx, &needed)
	return needed, err
}

// addColumn applies the first migration, if it isn't recorded. Instances of the earlier version
// that start from then on see that the database is a later one's.
func (f targetFill) addColumn(ctx context.Context) error {
	library, err := discoverLibraryMigrations()
	if err != nil {
		return err
	}
	first := migrate.NewMigrations()
	for _, m := range library.Sorted() {
		if m.Name == targetColumn {
			first.Add(m)
		}
	}
	return f.alone(ctx, func(ctx context.Context) error {
		return runMigrations(ctx, f.db, f.c.Logger, first, libraryMigrations)
	})
}

func (f targetFill) addIndex(ctx context.Context) error {
	text, err := migrations.Files.ReadFile(targetIndexFile)
	if err != nil {
		return err
	}
	return f.alone(ctx, func(ctx context.Context) error {
		_, err := f.db.ExecContext(ctx, string(text))
		return err
	})
}

// alone is inTransaction without other migrations meanwhile.
func (f targetFill) alone(ctx context.Context, fn func(context.Context) error) error {
	return f.inTransaction(ctx, func(ctx context.Context) error {
		if err := lockMigrations(ctx, f.db, f.c.Logger); err != nil {
			return err
		}
		return fn(ctx)
	})
}

// inTransaction runs fn in a transaction that doesn't wait long for a lock, and is repeated then.
func (f targetFill) inTransaction(ctx context.Context, fn func(context.Context) error) error {
	return adopt.Retry(ctx, f.o, func(ctx context.Context) error {
		return inTransaction(ctx, f.db, func() error {
			if _, err := f.db.ExecContext(ctx, adopt.LockLimits(f.o)); err != nil {
				return err
			}
			return fn(ctx)
		})
	})
}

// indexPartitions makes the index of each partition that lacks it, while others write.
func (f targetFill) indexPartitions(ctx context.Context) error {
	return f.eachPartition(ctx, func(partition string) error {
		return adopt.Retry(ctx, f.o, func(ctx context.Context) error {
			return f.indexPartition(ctx, partition)
		})
	})
}

func (f targetFill) indexPartition(ctx context.Context, partition string) error {
	table := sqltext.Qualified("bailiwick", partition)
	index := partition + "_tenant_id_target_key_seq_idx" // as CREATE INDEX on the log names it
	if err := f.dropInvalid(ctx, table, index); err != nil {
		return err
	}
	_, err := f.db.ExecContext(ctx, "CREATE INDEX CONCURRENTLY IF NOT EXISTS "+sqltext.Quote(index)+
		" ON "+table+" (tenant_id, target_key, seq) WHERE target_key IS NOT NULL")
	return err
}

// dropInvalid drops an index that a killed attempt left. One that another instance is making is
// invalid too, and its table is locked: the drop is repeated. PostgreSQL takes the lock away just
// before it commits that the index is valid, which may fail the drop.
func (f targetFill) dropInvalid(ctx context.Context, table, index string) error {
	name := sqltext.Qualified("bailiwick", index)
	err := f.inTransaction(ctx, func(ctx context.Context) error {
		_, err := f.db.ExecContext(ctx, `DO $$ BEGIN
			LOCK TABLE `+table+` IN SHARE UPDATE EXCLUSIVE MODE;
			IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(`+
			sqltext.Literal(name)+`) AND NOT indisvalid) THEN
				DROP INDEX `+name+`;
			END IF; END $$`)
		return err
	})
	if err == nil {
		return nil
	}
	var valid bool
	if f.db.NewRaw("SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(?)"+
		" AND indisvalid)", name).Scan(ctx, &valid) == nil && valid {
		return nil
	}
	return err
}

// fillPartitions repeats the scan of a partition until one finds no entry to fill.
func (f targetFill) fillPartitions(ctx context.Context) error {
	return f.eachPartition(ctx, func(partition string) error {
		for {
			filled, err := f.fillOnce(ctx, sqltext.Qualified("bailiwick", partition))
			if err != nil || filled == 0 {
				return err
			}
		}
	})
}

// batchPages is the size of a batch, which takes about 50 ms. No writer waits for it: entries
// never change.
const batchPages = 128

// fillOnce scans a partition once and returns how many entries it filled. The trigger computes
// their keys.
func (f targetFill) fillOnce(ctx context.Context, table string) (filled int64, err error) {
	var last int64
	var version int
	if err := f.db.NewRaw("SELECT pg_relation_size(?::regclass) /"+
		" current_setting('block_size')::int, current_setting('server_version_num')::int", table).
		Scan(ctx, &last, &version); err != nil {
		return 0, err
	}
	for page := int64(0); page < last; page += batchPages {
		update := "UPDATE " + table + " SET target_key = NULL WHERE target_key IS NULL AND " +
			adopt.PagesCondition(page, page+batchPages, version)
		var batch int64
		err := f.inTransaction(ctx, func(ctx context.Context) error {
			result, err := f.db.ExecContext(ctx, update)
			if err == nil {
				batch, err = result.RowsAffected()
			}
			return err
		})
		if err != nil {
			return filled, err
		}
		filled += batch
	}
	return filled, nil
}

// eachPartition calls fn with the name of each partition. One that is removed meanwhile, since its
// entries are too old, is left out.
func (f targetFill) eachPartition(ctx context.Context, fn func(partition string) error) error {
	var names []string
	err := f.db.NewRaw("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"+
		" WHERE i.inhparent = 'bailiwick.audit'::regclass ORDER BY c.relname").Scan(ctx, &names)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := fn(name); err != nil && pgerr.State(err) != pgerr.StateUndefinedTable {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
