package resources

import (
	"errors"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// new shows the form of a new resource: empty, or with what the one that the parameter from
// names has.
func (p pages) new(r *page.Request) (page.Reply, error) {
	begin := resource{Spec: specform.Defaults(p.kind)}
	if r.Query().Has("from") {
		original, err := p.get(r, r.Query().Get("from"))
		if err != nil {
			return page.Reply{}, err
		}
		begin = original
	}
	f := p.form(r, p.lists(r), p.writer(r).FromSpec(p.copied(r, begin)), labelField(begin.Labels))
	return page.Show(p.newView(r, f, ""))
}

// copied returns the spec for a copy of a resource. The copy doesn't share the secrets of its
// fields, whose names have the resource's name.
func (p pages) copied(r *page.Request, from resource) []byte {
	if from.Name == "" {
		return from.Spec
	}
	members, _ := specform.Members(from.Spec)
	for _, f := range p.kind.Fields {
		if f.Secret {
			delete(members, f.Name)
		}
	}
	return specform.Object(members)
}

// newView returns the page with the form of a new resource. The first input is its name.
func (p pages) newView(r *page.Request, f form, name string) view.FormPage {
	f.Fields = append([]view.Field{{Name: "name", Label: "Name", Value: name, Required: true,
		Hint: "It can't be changed later. At most 256 characters."}}, f.Fields...)
	f.names["/name"] = "name"
	f.Submit = "Create"
	_, noun := p.one()
	v := view.FormPage{Frame: r.Frame("New " + noun), Form: f.Form}
	v.Trail = p.trail(r)
	return v
}

// create makes a new resource.
func (p pages) create(r *page.Request) (page.Reply, error) {
	name := r.Form.Line("name")
	in, wrong := p.read(r)
	if err := tenancy.CheckName(federation.NormalName(name)); err != nil {
		wrong["name"] = page.Sentence(messageOf(err))
	}
	if len(wrong) > 0 {
		return p.refuseNew(r, name, http.StatusUnprocessableEntity,
			func(f *form) { f.mark(wrong) })
	}
	err := p.put(r, name, in, "If-None-Match", "*")
	if err == nil {
		return page.Go(with(page.Done(r.Back(p.lists(r)), "created"), "item", name))
	}
	problem := apicall.ProblemOf(err)
	if problem != nil && problem.Code == string(tenancy.CodeAlreadyExists) {
		taken := map[string]string{"name": "There is one with this name already. Choose another name."}
		return p.refuseNew(r, name, problem.Status, func(f *form) { f.mark(taken) })
	}
	if problem == nil || !explainable(problem) {
		return page.Reply{}, err
	}
	return p.refuseNew(r, name, problem.Status, func(f *form) { f.explain(err) })
}

// refuseNew shows the form of a new resource again with what was typed and what is wrong.
func (p pages) refuseNew(r *page.Request, name string, status int, say func(*form)) (
	page.Reply, error,
) {
	f := p.again(r, p.lists(r))
	v := p.newView(r, f, name)
	f.Form = v.Form
	say(&f)
	v.Form = f.Form
	return page.Refused(status, v)
}

// explainable reports whether a form can show a problem: the person can mend it there.
func explainable(p *apicall.Problem) bool {
	return p.Status < http.StatusInternalServerError && p.Status != http.StatusUnauthorized &&
		p.Code != "reason_required" && p.Code != "forbidden" && p.Code != "tenant_suspended" &&
		p.Status != http.StatusNotFound
}

// messageOf returns the message of an error without its code.
func messageOf(err error) string {
	if e, ok := errors.AsType[*tenancy.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
