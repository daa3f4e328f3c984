package items

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxNamed is the most secrets that an error names.
const maxNamed = 20

var errNoSecretsKey = tenancy.Errorf(tenancy.CodeInvalidState, "items refer to secrets in the"+
	" vault, which can't be written back without the key that encrypted them; nothing was changed:"+
	" set SECRETS_KEY (postgres.Options.SecretsKey) to the key of the server that wrote them (the"+
	" file secrets.key in its DATA_DIR, if it had no SECRETS_KEY)")

// check counts the references to each secret, and refuses a key or a vault with which not all
// of them can be written back.
func (r *SecretReturn) check(ctx context.Context, tables []SecretTable) error {
	r.left = map[string]int{}
	var problems []string
	for _, t := range tables {
		var page checkedPage
		err := r.eachPage(ctx, t, "",
			func(ctx context.Context, tx bun.Tx, rows []clearRow) (err error) {
				page, err = r.checkPage(ctx, tx, t, rows)
				return err
			},
			func() error {
				for _, name := range page.names {
					r.left[name]++
				}
				problems = append(problems, page.problems...)
				return nil
			})
		if err != nil {
			return err
		}
	}
	if len(r.left) > 0 {
		if !r.sealer.CanOpen() {
			return errNoSecretsKey
		}
		if err := vault.CheckKey(ctx, r.pool, r.sealer); err != nil {
			return err
		}
	}
	return unreadableError(problems)
}

// checkedPage is what check found in some rows.
type checkedPage struct {
	names    []string // one for each reference
	problems []string // a sentence for each secret that can't be written back
}

func (r *SecretReturn) checkPage(
	ctx context.Context, tx bun.Tx, t SecretTable, rows []clearRow,
) (page checkedPage, err error) {
	var all []rowRefs
	for _, row := range rows {
		refs, err := r.refsOf(t, row)
		if err != nil {
			page.problems = append(page.problems, fmt.Sprintf(
				"the spec of %s %s can't be searched for secrets: %v", t.Kind, row.Name, err))
			continue
		}
		all = append(all, refs)
	}
	values, err := r.vault.ValuesTx(ctx, tx, tenancy.DefaultID, secretNames(all))
	if err != nil {
		return page, err
	}
	for _, refs := range all {
		for _, use := range refs.uses() {
			page.names = append(page.names, use.Secret)
			if _, ok := values[use.Secret]; !ok {
				page.problems = append(page.problems, fmt.Sprintf(
					"%s %s %s refers to %q", use.Kind, use.Name, use.Path, use.Secret))
			}
		}
	}
	return page, nil
}

// unreadableError is nil without problems.
func unreadableError(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	more := ""
	if n := len(problems) - maxNamed; n > 0 {
		problems, more = problems[:maxNamed], fmt.Sprintf("\n- and %d more", n)
	}
	return tenancy.Errorf(tenancy.CodeInvalidState, "items refer to secrets that the vault doesn't"+
		" have or can't decrypt, so that they can't be written back; nothing was changed. Put"+
		" each item with the value of its secret or without it, and try again:\n- %s%s",
		strings.Join(problems, "\n- "), more)
}
