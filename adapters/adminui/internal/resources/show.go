package resources

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/auditentry"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

// show shows a resource.
func (p pages) show(r *page.Request) (page.Reply, error) {
	name := nameOf(r)
	found, err := p.get(r, name)
	if err != nil {
		return page.Reply{}, err
	}
	kind, _ := p.one()
	v := view.Resource{Frame: r.Frame(kind + ": " + shown(name)), Name: shown(name),
		Facts: p.facts(r, found.Spec), JSON: specform.Indented(found.Spec),
		Labels: p.labelLinks(r, found.Labels), Version: found.Version,
		Created: found.CreatedAt, Updated: found.UpdatedAt}
	v.Trail = p.trail(r)
	p.addActions(r, name, &v)
	used, err := p.use(r, name)
	if err != nil {
		return page.Reply{}, err
	}
	v.KnowsUse, v.UsedBy, v.MoreUse = used.known, used.links, used.more
	if err := p.addHistory(r, name, &v); err != nil {
		return page.Reply{}, err
	}
	return page.Show(v)
}

// addActions adds the links to what the person may do. Editing leads back to this page,
// deleting to the list.
func (p pages) addActions(r *page.Request, name string, v *view.Resource) {
	if !r.Caller.May("resource.write") {
		return
	}
	list := r.Back(p.lists(r))
	self := with(p.path(r, name, ""), "back", list)
	v.Edit = with(p.path(r, name, editing), "back", self)
	if p.kind.Singleton == "" {
		v.Delete = with(p.path(r, name, deleting), "back", list)
		v.Copy = urls.With(p.lists(r), "new", "true", "from", name, "back", list)
	}
}

// facts returns the members of a spec.
func (p pages) facts(r *page.Request, spec json.RawMessage) []view.ResourceFact {
	members, _ := specform.Members(spec)
	var all []view.ResourceFact
	for _, member := range p.ordered(members) {
		fact := p.fact(r, member, members[member])
		fact.Label = specform.Label(member)
		all = append(all, fact)
	}
	return all
}

// fact returns a member's value as it is shown.
func (p pages) fact(r *page.Request, member string, value json.RawMessage) view.ResourceFact {
	if p.isSecret(member) {
		return view.ResourceFact{Secret: secretOf(r, value)}
	}
	if links := p.links(r, member, value); links != nil {
		return view.ResourceFact{Links: links}
	}
	text, ok := specform.Text(value)
	const long = 1000 // bytes
	switch {
	case slices.Contains([]string{`""`, "[]", "{}"}, string(value)):
		return view.ResourceFact{Empty: true}
	case ok:
		return view.ResourceFact{Text: text, Long: len(text) > long}
	}
	return view.ResourceFact{Code: specform.Indented(value), Long: len(value) > long}
}

// secretOf returns what is shown of a secret.
func secretOf(r *page.Request, value json.RawMessage) *view.ResourceSecret {
	name, _ := federation.ParseSecretRef(value)
	s := &view.ResourceSecret{Name: name}
	if r.Caller.May("secret.write") && r.Site.Serves("setSecret") {
		s.Set = urls.With(r.URLs.To("secrets"), "name", name)
	}
	return s
}

// links returns the links to the resources that a member names; nil if it names none.
func (p pages) links(r *page.Request, member string, value json.RawMessage) []view.Link {
	i := slices.IndexFunc(p.kind.References, func(ref federation.Reference) bool {
		return ref.Field == member
	})
	if i < 0 {
		return nil
	}
	reference := p.kind.References[i]
	if !reference.Many {
		ref, ok := specform.ReferenceOf(reference, value)
		if !ok {
			return nil
		}
		link := refLink(r, ref.Kind, ref.Name)
		if len(reference.Kinds) == 1 {
			link.Text = shown(ref.Name)
		}
		return []view.Link{link}
	}
	names, _ := specform.Texts(value)
	var links []view.Link
	for _, name := range names {
		link := refLink(r, reference.Kinds[0], name)
		link.Text = shown(name)
		links = append(links, link)
	}
	return links
}

// addHistory adds the last entries of the audit log about a resource, for those who may read
// it.
func (p pages) addHistory(r *page.Request, name string, v *view.Resource) error {
	if v.ReadsAudit = r.Caller.May("audit.read"); !v.ReadsAudit {
		return nil
	}
	v.Audit = urls.With(r.URLs.To("audit"), "target_kind", p.kind.Name, "target", name)
	var found apicall.List[auditentry.Entry]
	query := url.Values{"target_kind": {p.kind.Name}, "target": {name}, "limit": {"10"}}
	err := r.API.Get(r.Context(), r.APIPath("audit"), query, &found)
	if problem := apicall.ProblemOf(err); problem != nil && badQuery(problem) {
		v.ReadsAudit = false // an API whose log can't be filtered by its targets
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range found.Items {
		v.Changes = append(v.Changes, e.Change())
	}
	return nil
}
