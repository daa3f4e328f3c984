package resources

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// proposal is a resource that a picker proposes.
type proposal struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// proposed is how many resources a picker proposes.
const proposed = 20

// propose answers the first resources of a kind that a search finds, for the script.
func propose(r *page.Request) (page.Reply, error) {
	kind, ok := r.Site.Kinds.ByPath(r.PathValue("kind"))
	if !ok {
		return page.Reply{}, page.NotFound()
	}
	var items apicall.List[resource]
	query := filter{search: r.Query().Get("q")}.query("", proposed)
	if err := r.API.Get(r.Context(), "/"+kind.Path, query, &items); err != nil {
		return page.Reply{}, err
	}
	proposals := []proposal{}
	for _, item := range items.Items {
		if item.Name == "" {
			continue // no reference can name it
		}
		proposals = append(proposals, proposal{item.Name, shortened(item.description())})
	}
	return page.Reply{Module: proposals}, nil
}
