package vault

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Value is a secret's value that keeps its JSON type.
type Value struct {
	Text    string
	Literal bool // Text is the JSON of a number, true or false
}

// JSON returns the value for [json.Marshal].
func (v Value) JSON() any {
	if v.Literal && json.Valid([]byte(v.Text)) {
		return json.RawMessage(v.Text)
	}
	return v.Text
}

// SetValueTx is [Vault.SetTx] for a value that keeps its type. [Vault.Get] returns its text.
func (v *Vault) SetValueTx(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, name string, value Value,
) error {
	format := byte(sealedText)
	if value.Literal {
		format = sealedLiteral
	}
	return v.setTx(ctx, tx, tenant, name, []byte(value.Text), format)
}

// ValuesTx returns the tenant's secrets of these names in the transaction tx. It leaves out a
// secret that doesn't exist or that the key can't decrypt.
func (v *Vault) ValuesTx(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, names []string,
) (map[string]Value, error) {
	values := make(map[string]Value, len(names))
	if len(names) == 0 {
		return values, nil
	}
	var stored []sealedSecret
	err := tx.NewRaw("SELECT tenant_id, name, sealed FROM bailiwick.secrets WHERE tenant_id = ?"+
		" AND name IN (?)", tenant, bun.List(names)).Scan(ctx, &stored)
	if err != nil {
		return nil, err
	}
	for _, s := range stored {
		if text, err := v.sealer.open(tenant, s.Name, s.Sealed); err == nil {
			values[s.Name] = Value{Text: string(text), Literal: s.Sealed[0] == sealedLiteral}
		}
	}
	return values, nil
}
