package overview

import (
	"net/url"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/auditentry"
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

// isRead reports whether the entry is about something that changed nothing.
func isRead(e auditentry.Entry) bool {
	return strings.HasSuffix(e.Action, ".read") || strings.HasSuffix(e.Action, ".export")
}

// addChanges adds the last changes, for those who may read the audit log.
func addChanges(r *page.Request, v *view.Overview) error {
	v.Audit = r.URLs.To("audit")
	if v.ReadsAudit = r.Caller.May("audit.read") && r.Site.Serves("listAudit"); !v.ReadsAudit {
		return nil
	}
	var found apicall.List[auditentry.Entry]
	query := url.Values{"limit": {readEntries}}
	if err := r.API.Get(r.Context(), r.APIPath("audit"), query, &found); err != nil {
		return err
	}
	changes := slices.DeleteFunc(found.Items, isRead)
	gone := deleted(changes)
	for _, e := range changes[:min(len(changes), shownChanges)] {
		change := e.Change()
		change.Kind, change.Target = e.Target.Kind, targetLink(r, e, gone)
		v.Changes = append(v.Changes, change)
	}
	return nil
}

// deleted returns the resources that aren't there any more. The newest entry comes first.
func deleted(changes []auditentry.Entry) map[auditentry.Target]bool {
	gone := map[auditentry.Target]bool{}
	for _, e := range changes {
		if _, newer := gone[e.Target]; !newer && e.Outcome == string(tenancy.Done) {
			gone[e.Target] = e.Action == "resource.delete"
		}
	}
	return gone
}

// targetLink returns the target with its page, if it is a resource that isn't gone.
func targetLink(r *page.Request, e auditentry.Entry, gone map[auditentry.Target]bool) view.Link {
	link := view.Link{Text: e.Target.Name}
	kind, ok := r.Site.Kinds.Kind(e.Target.Kind)
	if ok && e.Target.Name != "" && !gone[e.Target] {
		link.Href = r.URLs.To(kind.Path, e.Target.Name)
	}
	return link
}
