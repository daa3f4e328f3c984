package resources

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

// showConflict shows what was typed next to what is stored now. The form can be sent again
// for what is stored now.
func (p pages) showConflict(r *page.Request, name string, typed input, f form) (page.Reply, error) {
	stored, err := p.get(r, name)
	problem := apicall.ProblemOf(err)
	gone := problem != nil && problem.Status == http.StatusNotFound
	if err != nil && !gone {
		return page.Reply{}, err
	}
	v := view.ResourceConflict{Frame: r.Frame("Edit " + shown(name)), Gone: gone}
	v.Trail = p.trail(r, name)
	if !gone {
		v.Differences = p.differences(stored, typed)
	}
	f.Hidden = append(f.Hidden, view.Hidden{Name: "etag", Value: stored.tag})
	f.Submit, f.Cancel = "Save my version anyway", with(p.path(r, name, editing), "back", r.Back(p.lists(r)))
	f.CancelText = "Discard mine, and edit what is stored"
	if gone {
		f.Submit, f.Cancel, f.CancelText = "Create it again", p.lists(r), "Leave it deleted"
	}
	v.Form = f.Form
	return page.Refused(http.StatusPreconditionFailed, v)
}

// differences returns the members and the labels that differ.
func (p pages) differences(stored resource, typed input) []view.Difference {
	all := p.specDifferences(stored.Spec, typed.Spec)
	if !maps.Equal(stored.Labels, typed.Labels) {
		all = append(all, view.Difference{Label: "Labels", HasStored: len(stored.Labels) > 0,
			HasTyped: len(typed.Labels) > 0, Stored: labelField(stored.Labels).Value,
			Typed: labelField(typed.Labels).Value})
	}
	return all
}

// specDifferences compares two specs, each in canonical form, member by member.
func (p pages) specDifferences(stored, typed json.RawMessage) []view.Difference {
	old, _ := specform.Members(stored)
	mine, _ := specform.Members(typed)
	both := maps.Clone(old)
	maps.Copy(both, mine)
	var all []view.Difference
	for _, member := range p.ordered(both) {
		a, inStored := old[member]
		b, inTyped := mine[member]
		if string(a) == string(b) && inStored == inTyped {
			continue
		}
		all = append(all, view.Difference{Label: specform.Label(member), Stored: p.plain(member, a),
			Typed: p.plain(member, b), HasStored: inStored, HasTyped: inTyped})
	}
	return all
}

// ordered returns the names of members as the kind declares them, then the others.
func (p pages) ordered(members map[string]json.RawMessage) []string {
	var names []string
	add := func(name string) {
		if _, ok := members[name]; ok {
			names = append(names, name)
		}
	}
	for _, f := range p.kind.Fields {
		add(f.Name)
	}
	for _, ref := range p.kind.References {
		add(ref.Field)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// plain returns a member's value as text, without the value of a secret.
func (p pages) plain(member string, value json.RawMessage) string {
	if p.isSecret(member) {
		if _, ok := federation.ParseSecretRef(value); ok {
			return "the stored secret"
		}
		return "a new value (type it again below)"
	}
	if text, ok := specform.Text(value); ok {
		return text
	}
	return specform.Indented(specform.Conceal(p.kind, value))
}

func (p pages) isSecret(member string) bool {
	return slices.ContainsFunc(p.kind.Fields, func(f federation.Field) bool {
		return f.Secret && f.Name == member
	})
}
