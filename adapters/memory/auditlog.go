package memory

import (
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditLog holds the chain of each tenant, and under the zero ID that of none.
type auditLog struct {
	mu     sync.Mutex
	chains map[tenancy.ID][]tenancy.AuditEntry
}

func (l *auditLog) append(e tenancy.AuditEntry, now func() time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	chain := l.chains[e.Tenant]
	var before tenancy.AuditHash
	if n := len(chain); n > 0 {
		before = chain[n-1].Hash
	}
	e.Seq, e.At = int64(len(chain))+1, now()
	linked, err := e.Link(before)
	if err != nil {
		return err
	}
	l.chains[e.Tenant] = append(chain, linked)
	return nil
}
