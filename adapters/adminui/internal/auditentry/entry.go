// Package auditentry reads the entries of audit logs as the API shows them, and says in words
// what they record.
package auditentry

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// Entry is an entry of a log as the API shows it.
type Entry struct {
	ID         string          `json:"id"`
	Seq        int64           `json:"seq"`
	At         time.Time       `json:"at"`
	TenantSlug string          `json:"tenant_slug"`
	Actor      Actor           `json:"actor"`
	Action     string          `json:"action"`
	Target     Target          `json:"target"`
	RequestID  string          `json:"request_id"`
	IP         string          `json:"ip"`
	Outcome    string          `json:"outcome"`
	Details    json.RawMessage `json:"details"`
}

// Actor is who acted.
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Title returns the actor's name, or what they are, such as "The program itself".
func (a Actor) Title() string {
	return cmp.Or(a.Name, strings.TrimSuffix(page.Sentence(a.KindWords()), "."))
}

// KindWords says what the actor is.
func (a Actor) KindWords() string { return cmp.Or(actorKinds[a.Kind], a.Kind) }

// Target is what was acted on.
type Target struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Change returns an entry as a row of a short list, without its target.
func (e Entry) Change() view.Change {
	return view.Change{At: e.At, Actor: e.Actor.Title(), What: Words(e.Action), Outcome: e.Outcome,
		OutcomeWords: OutcomeWords(e.Outcome)}
}
