package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/items"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// secretsStep is the step of a way back that writes secrets into the rows.
const secretsStep = "secrets"

var errOldSecrets = tenancy.Errorf(tenancy.CodeInvalidState, "the library's schema isn't current,"+
	" so that secrets can't be written back into the rows; nothing was changed: run MigrateUp"+
	" (registry migrate up) first")

// returnSecrets writes the secrets of the vault back into the rows that refer to them. It must
// have ended before a step of the adoption is reverted: the last ones drop the vault.
func returnSecrets(ctx context.Context, c config, e *adopt.Engine, m adoption.Options) error {
	events := secretEvents{onEvent: m.OnEvent}
	return withSecretReturn(ctx, c, e, func(r *items.SecretReturn, tables []items.SecretTable) error {
		if err := r.Run(ctx, tables, events.batch); err != nil {
			return err
		}
		return events.end()
	})
}

// secretEvents reports the progress of returnSecrets.
type secretEvents struct {
	onEvent func(adoption.Event) error // may be nil
	begun   []items.SecretTable
}

// batch reports a batch of rows, and before the first of a table that its statement begins.
func (s *secretEvents) batch(t items.SecretTable, rows int) error {
	if !slices.ContainsFunc(s.begun, func(b items.SecretTable) bool { return b.SQL == t.SQL }) {
		s.begun = append(s.begun, t)
		if err := s.report(t, adoption.Begun, 0); err != nil {
			return err
		}
	}
	return s.report(t, adoption.Batch, rows)
}

func (s *secretEvents) end() error {
	for _, t := range s.begun {
		if err := s.report(t, adoption.Ended, 0); err != nil {
			return err
		}
	}
	return nil
}

func (s *secretEvents) report(t items.SecretTable, kind adoption.EventKind, rows int) error {
	if s.onEvent == nil {
		return nil
	}
	return s.onEvent(adoption.Event{Step: secretsStep, Phase: adoption.Contract,
		SQL: secretsComment(t), Kind: kind, Rows: int64(rows)})
}

// planSecrets returns a statement for each table whose rows refer to secrets.
func planSecrets(
	ctx context.Context, c config, e *adopt.Engine,
) (plan []adoption.PlannedStatement, err error) {
	err = withSecretReturn(ctx, c, e, func(r *items.SecretReturn, tables []items.SecretTable) error {
		for _, t := range tables {
			rows, err := r.Count(ctx, t)
			if err != nil {
				return err
			}
			if rows > 0 {
				plan = append(plan, adoption.PlannedStatement{Step: secretsStep,
					Phase: adoption.Contract, SQL: []string{secretsComment(t)},
					Lock: "ROW EXCLUSIVE", On: t.SQL, Rows: rows})
			}
		}
		return nil
	})
	return plan, err
}

func secretsComment(t items.SecretTable) string {
	return "-- write the secrets of " + t.SQL + " from the vault into its rows, in clear"
}

// withSecretReturn calls fn with the tables whose rows may refer to secrets. It doesn't if there
// are none, or if the library's schema doesn't exist. The statements run as the user of URL, in
// the scope of the default tenant, as with MultiTenant off.
func withSecretReturn(
	ctx context.Context, c config, e *adopt.Engine,
	fn func(*items.SecretReturn, []items.SecretTable) error,
) error {
	tables, err := secretTables(ctx, c, e)
	if err != nil || len(tables) == 0 {
		return err
	}
	sealer, err := vault.NewSealer(c.secretsKey)
	if err != nil {
		return err
	}
	s := c.Settings
	s.MultiTenant, s.StatementTimeout = false, pool.BulkTimeout
	s.AppURL, s.SystemURL, s.ListenURL = s.URL, s.URL, s.URL
	p, err := pool.Open(ctx, s)
	if err != nil {
		return err
	}
	if err := p.Keyring.Load(ctx); err != nil {
		return errors.Join(err, p.Close())
	}
	return errors.Join(fn(items.NewSecretReturn(p, sealer, c.Declared), tables), p.Close())
}

// secretTables returns the tables whose rows may refer to secrets.
func secretTables(
	ctx context.Context, c config, e *adopt.Engine,
) (tables []items.SecretTable, err error) {
	for _, t := range c.Declared.KindTables {
		columns, err := e.ColumnNames(ctx, t.SQL)
		if err != nil {
			return nil, err
		}
		if table, ok := items.NewSecretTable(t, columns); ok {
			tables = append(tables, table)
		}
	}
	instance, err := e.ColumnNames(ctx, "bailiwick.instance")
	if err != nil || len(instance) == 0 {
		return nil, err
	}
	if len(tables) > 0 && !slices.Contains(instance, "secrets_moved") {
		return nil, errOldSecrets
	}
	return tables, nil
}
