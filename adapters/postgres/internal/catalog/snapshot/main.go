// Snapshot prints the catalog that the library's migrations create, which Doctor compares every
// database with. Its arguments are the URL of a database that was just migrated and the prefix of
// its roles. The test of package cataloguetest runs it with -update.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "snapshot:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("give a database's URL and the prefix of its roles")
	}
	connector, err := pool.NewConnector(args[0], pool.DefaultTimeout)
	if err != nil {
		return err
	}
	db := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	defer db.Close()
	var entries []catalog.Entry
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if _, err = tx.ExecContext(ctx, catalog.LocalSettings); err != nil {
			return err
		}
		entries, err = catalog.Inventory(ctx, tx, pool.RolesWithPrefix(args[1]))
		return err
	})
	if err != nil {
		return err
	}
	ofKinds := catalog.OfKinds(entries)
	entries = slices.DeleteFunc(entries, func(e catalog.Entry) bool {
		return e.IsMonth() || ofKinds[e.Object]
	})
	lines := make([]string, len(entries))
	for i, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines[i] = string(line)
	}
	_, err = fmt.Printf("[\n%s\n]\n", strings.Join(lines, ",\n"))
	return err
}
