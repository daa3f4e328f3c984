package vault

import (
	"context"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errOtherKey = tenancy.Errorf(tenancy.CodeInvalidState,
	"SECRETS_KEY isn't the key that encrypted this database's secrets: set it to the key of the"+
		" server that wrote them (the file secrets.key in its DATA_DIR, if it had no SECRETS_KEY);"+
		" how to go on without that key is described in the documentation on backups")

// checkName is the name of the value that the check seals. It isn't a valid name of a secret.
const checkName = "\x00key check"

// CheckKey refuses a key that isn't the one with which the database's secrets are encrypted. The
// first key becomes the database's, if it can open one of the secrets that are there. Without a
// key there is nothing to check: no secret can be read or written.
func CheckKey(ctx context.Context, p *pool.Pool, s *Sealer) error {
	if s.aead == nil {
		return nil
	}
	ctx = pool.CrossTenant(ctx, "check the key that encrypts secrets")
	check, err := readCheck(ctx, p)
	if err != nil {
		return err
	}
	if check == nil {
		if err := storeCheck(ctx, p, s); err != nil {
			return err
		}
		// another server may have been first
		if check, err = readCheck(ctx, p); err != nil {
			return err
		}
	}
	if _, err := s.open(tenancy.ID{}, checkName, check); err != nil {
		return errOtherKey
	}
	return nil
}

func readCheck(ctx context.Context, p *pool.Pool) (check []byte, err error) {
	err = p.System.NewRaw("SELECT secrets_check FROM bailiwick.instance").Scan(ctx, &check)
	return check, pgerr.Translate(err)
}

type sealedSecret struct {
	TenantID tenancy.ID
	Name     string
	Sealed   []byte
}

// storeCheck makes the key that of the database, unless another one is.
func storeCheck(ctx context.Context, p *pool.Pool, s *Sealer) error {
	var secrets []sealedSecret
	err := p.System.NewRaw("SELECT tenant_id, name, sealed FROM bailiwick.sample_secrets()").
		Scan(ctx, &secrets)
	if err != nil {
		return pgerr.Translate(err)
	}
	opens := func(secret sealedSecret) bool {
		_, err := s.open(secret.TenantID, secret.Name, secret.Sealed)
		return err == nil
	}
	if len(secrets) > 0 && !slices.ContainsFunc(secrets, opens) {
		return errOtherKey
	}
	check, err := s.seal(tenancy.ID{}, checkName, nil)
	if err != nil {
		return err
	}
	_, err = p.System.NewRaw("UPDATE bailiwick.instance SET secrets_check = ?"+
		" WHERE secrets_check IS NULL", check).Exec(ctx)
	return pgerr.Translate(err)
}
