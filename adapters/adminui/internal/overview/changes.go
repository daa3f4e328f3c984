package overview

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// How many changes are shown, and how many of the last entries are searched for them: an entry
// may also say that someone has read something.
const (
	shownChanges = 10
	readEntries  = "50"
)

// entry is an entry of the audit log.
type entry struct {
	At    time.Time `json:"at"`
	Actor struct {
		Kind, Name string
	} `json:"actor"`
	Action string `json:"action"`
	Target struct {
		Kind, Name string
	} `json:"target"`
	Outcome string `json:"outcome"`
}

// isRead reports whether the entry is about something that changed nothing.
func (e entry) isRead() bool {
	return strings.HasSuffix(e.Action, ".read") || strings.HasSuffix(e.Action, ".export")
}

// addChanges adds the last changes, for those who may read the audit log.
func addChanges(r *page.Request, v *view.Overview) error {
	v.Audit = r.URLs.To("audit")
	if v.ReadsAudit = r.Caller.May("audit.read") && r.Site.Serves("listAudit"); !v.ReadsAudit {
		return nil
	}
	var found apicall.List[entry]
	query := url.Values{"limit": {readEntries}}
	if err := r.API.Get(r.Context(), r.APIPath("audit"), query, &found); err != nil {
		return err
	}
	changes := slices.DeleteFunc(found.Items, entry.isRead)
	gone := deleted(changes)
	for _, e := range changes[:min(len(changes), shownChanges)] {
		v.Changes = append(v.Changes, view.Change{At: e.At, Actor: cmp.Or(e.Actor.Name, e.Actor.Kind),
			Action: e.Action, Kind: e.Target.Kind, Target: targetLink(r, e, gone), Outcome: e.Outcome})
	}
	return nil
}

// target is what an entry is about.
type target struct{ kind, name string }

func (e entry) target() target { return target{e.Target.Kind, e.Target.Name} }

// deleted returns the resources that aren't there any more. The newest entry comes first.
func deleted(changes []entry) map[target]bool {
	gone := map[target]bool{}
	for _, e := range changes {
		if _, newer := gone[e.target()]; !newer && e.Outcome == string(tenancy.Done) {
			gone[e.target()] = e.Action == "resource.delete"
		}
	}
	return gone
}

// targetLink returns the target with its page, if it is a resource that isn't gone.
func targetLink(r *page.Request, e entry, gone map[target]bool) view.Link {
	link := view.Link{Text: e.Target.Name}
	kind, ok := r.Site.Kinds.Kind(e.Target.Kind)
	if ok && e.Target.Name != "" && !gone[e.target()] {
		link.Href = r.URLs.To(kind.Path, e.Target.Name)
	}
	return link
}
