package identity

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func quotasOf(t tenancy.Tenant) string {
	raw, err := json.Marshal(t.Quotas.Clone())
	if err != nil {
		return "null" // a number that JSON hasn't; the column refuses what is no object
	}
	return string(raw)
}

// readQuotas reads what the column holds. What can't be read was written by
// somebody else: the database enforces what it can make of it.
func readQuotas(raw json.RawMessage) tenancy.Quotas {
	var q tenancy.Quotas
	_ = json.Unmarshal(raw, &q)
	return q.Clone()
}
