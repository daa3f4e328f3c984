package resources

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// edit shows the form of a resource.
func (p pages) edit(r *page.Request) (page.Reply, error) {
	name := nameOf(r)
	found, err := p.get(r, name)
	if err != nil {
		return page.Reply{}, err
	}
	f := p.form(r, p.path(r, name, editing), p.writer(r).FromSpec(found.Spec), labelField(found.Labels))
	f.Hidden = append(f.Hidden, view.Hidden{Name: "etag", Value: found.tag})
	return page.Show(p.editView(r, name, f))
}

func (p pages) editView(r *page.Request, name string, f form) view.FormPage {
	v := view.FormPage{Frame: r.Frame("Edit " + shown(name)), Form: f.Form}
	v.Trail = p.trail(r, name)
	return v
}

// update writes what was typed, if the resource is still the one that the form showed.
func (p pages) update(r *page.Request) (page.Reply, error) {
	name, tag := nameOf(r), r.Form.Get("etag")
	in, wrong := p.read(r)
	f := p.again(r, p.path(r, name, editing))
	if len(wrong) > 0 {
		f.mark(wrong)
		return p.refuseEdit(r, name, tag, http.StatusUnprocessableEntity, f)
	}
	err := p.put(r, name, in, condition(tag), orAny(tag))
	if err == nil {
		return page.Go(with(page.Done(r.Back(p.lists(r)), "saved"), "item", name))
	}
	problem := apicall.ProblemOf(err)
	switch {
	case problem == nil || !explainable(problem):
		return page.Reply{}, err
	case problem.Status == http.StatusPreconditionFailed:
		return p.showConflict(r, name, in, f)
	}
	status, _ := f.explain(err)
	return p.refuseEdit(r, name, tag, status, f)
}

// condition returns the header with which a form is written: without a tag, the resource
// was deleted, and may only be created.
func condition(tag string) string {
	if tag == "" {
		return "If-None-Match"
	}
	return "If-Match"
}

func orAny(tag string) string {
	if tag == "" {
		return "*"
	}
	return tag
}

// refuseEdit shows the form again with what was typed and what is wrong.
func (p pages) refuseEdit(r *page.Request, name, tag string, status int, f form) (page.Reply, error) {
	f.Hidden = append(f.Hidden, view.Hidden{Name: "etag", Value: tag})
	return page.Refused(status, p.editView(r, name, f))
}
