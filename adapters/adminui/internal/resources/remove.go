package resources

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// askDelete asks before a resource is deleted, and names what refers to it.
func (p pages) askDelete(r *page.Request) (page.Reply, error) {
	return p.showDelete(r, http.StatusOK, "", nil)
}

// showDelete shows the question with what went wrong, and what the API said refers to the
// resource.
func (p pages) showDelete(
	r *page.Request, status int, fault string, referrers []apicall.ResourceRef,
) (page.Reply, error) {
	name := nameOf(r)
	found, err := p.get(r, name)
	if err != nil {
		return page.Reply{}, err
	}
	use, err := p.use(r, name)
	if err != nil {
		return page.Reply{}, err
	}
	if len(referrers) > 0 {
		use = useOf(r, referrers, "")
	}
	_, noun := p.one()
	v := view.Confirm{Frame: r.Frame("Delete " + shown(name)),
		Question:     "Delete the " + noun + " “" + shown(name) + "”?",
		Consequences: []string{"What is deleted here can't be restored on these pages."},
		Blockers:     use.links, BlockerText: "These refer to it. Change or delete them first:"}
	if use.more {
		v.BlockerText = "These and others refer to it. Change or delete them first:"
	}
	v.Trail = p.trail(r, name)
	v.Form = r.NewForm(p.path(r, name, deleting), "Delete")
	v.Form.Error, v.Form.Danger, v.Form.Cancel = fault, true, r.Back(p.lists(r))
	v.Form.Hidden = []view.Hidden{{Name: "etag", Value: found.tag}, r.BackField(p.lists(r))}
	return page.Reply{Status: status, View: v}, nil
}

// remove deletes the resource that the form showed.
func (p pages) remove(r *page.Request) (page.Reply, error) {
	tag := r.Form.Get("etag")
	if tag == "" { // without it, a newer version would be deleted unseen
		return p.showDelete(r, http.StatusUnprocessableEntity, "Nothing was deleted. Please confirm.", nil)
	}
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete, Path: p.apiPath(nameOf(r)),
		Header: http.Header{"If-Match": {tag}}})
	if err == nil {
		return page.Go(page.Done(r.Back(p.lists(r)), "deleted"))
	}
	problem := apicall.ProblemOf(err)
	switch {
	case problem == nil || !explainable(problem):
		return page.Reply{}, err
	case problem.Status == http.StatusPreconditionFailed:
		return p.showDelete(r, problem.Status,
			"Someone has changed it since you opened this page, so it wasn't deleted. Look at it again.", nil)
	}
	return p.showDelete(r, problem.Status, page.Sentence(problem.Detail), problem.Referrers)
}
