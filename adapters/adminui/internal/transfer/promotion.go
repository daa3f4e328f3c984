package transfer

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// showPromotion shows the forms of an export and of an import.
func showPromotion(r *page.Request) (page.Reply, error) {
	if !r.Caller.May("bundle.export") {
		return page.Reply{}, page.Forbidden()
	}
	return page.Show(promotionView(r))
}

func promotionView(r *page.Request) view.Promotion {
	v := view.Promotion{Frame: r.Frame("Import and export"), Export: r.URLs.To("promotion", "export")}
	for _, kind := range r.Site.Kinds.All() {
		v.Kinds = append(v.Kinds, view.Option{Value: kind.Name, Text: page.KindTitle(kind.Path)})
	}
	v.Fields = []view.Field{
		{Name: "name", Label: "Names", Type: view.AreaField,
			Hint: "Only what has one of these names, one a line. Empty: all."},
		{Name: "label", Label: "Labels",
			Hint: "Only what has all of these labels: team=billing, stage=live. Empty: all."},
		{Name: "with_references", Label: "Also all that this refers to", Type: view.CheckField,
			Hint: "Of any kind, and to any depth: an import where it is missing would be refused."},
	}
	if r.Caller.May("bundle.import") && r.Site.Serves("import") {
		form := tryForm(r, "", "")
		v.Import = &form
	}
	return v
}

// export sends a bundle as a file. What the API refuses is explained with each place.
func export(r *page.Request) (page.Reply, error) {
	query := url.Values{}
	if kinds := r.Query()["kind"]; len(kinds) > 0 {
		query["kind"] = kinds
	}
	for name := range strings.Lines(r.Query().Get("name")) {
		if name = strings.TrimSpace(name); name != "" {
			query.Add("name", name)
		}
	}
	if r.Query().Get("with_references") != "" {
		query.Set("with_references", "true")
	}
	for label := range strings.SplitSeq(r.Query().Get("label"), ",") {
		if label = strings.TrimSpace(label); label != "" {
			query.Add("label", label)
		}
	}
	call := apicall.Call{Path: r.APIPath("export"), Query: query}
	return page.Reply{Stream: func(w http.ResponseWriter) error {
		err := r.API.Stream(r.Context(), w, call)
		if reply, ok := refuseExport(r, err); ok {
			return page.Instead(reply)
		}
		return err
	}}, nil
}

// refuseExport returns the page that says what can't be exported.
func refuseExport(r *page.Request, err error) (page.Reply, bool) {
	p := apicall.ProblemOf(err)
	if p == nil || p.Status != http.StatusUnprocessableEntity && p.Code != "not_found" {
		return page.Reply{}, false
	}
	v := view.ImportRefused{Frame: r.Frame("The bundle can’t be exported"),
		Text: page.Sentence(p.Detail), Places: places(r, p.Errors), Back: r.URLs.To("promotion")}
	v.Trail = trail(r)
	return page.Reply{Status: p.Status, View: v}, true
}

func trail(r *page.Request) []view.Link {
	return []view.Link{{Text: "Import and export", Href: r.URLs.To("promotion")}}
}

// strategies are those of the API with what each does, the default first. A test compares
// them with the ones of package promote.
var strategies = []view.Option{
	{Value: "fail", Text: "Stop: import nothing"},
	{Value: "skip", Text: "Keep what is here"},
	{Value: "overwrite", Text: "Overwrite: the bundle wins wherever the two differ"},
	{Value: "rename", Text: "Keep both: the bundle’s gets a free name"},
	{Value: "merge", Text: "Join what was changed in different places, otherwise stop"},
}

// Strategies returns the names of the strategies that the form offers.
func Strategies() []string {
	var names []string
	for _, s := range strategies {
		names = append(names, s.Value)
	}
	return names
}

// strategyWords says what a strategy does.
func strategyWords(name string) string {
	for _, s := range strategies {
		if s.Value == name {
			return s.Text
		}
	}
	return name
}

// strategyField is the choice of a strategy.
func strategyField(chosen string) view.Field {
	f := view.Field{Name: "strategy", Label: "If something was changed here and there",
		Hint: "What was changed only there is taken; what was changed only here is kept.",
		Type: view.SelectField}
	for _, s := range strategies {
		s.Selected = s.Value == chosen
		f.Options = append(f.Options, s)
	}
	return f
}

// tryForm is the form of the first step. A carried bundle needs no file.
func tryForm(r *page.Request, strategy, carried string) view.Form {
	f := r.NewForm(r.URLs.To("promotion", "try"), "Try it (dry run)", strategyField(strategy))
	f.Uploads = true
	if carried != "" {
		f.Hidden = []view.Hidden{{Name: "carried", Value: carried}}
		return f
	}
	f.Fields = append(f.Fields, view.Field{Name: "file", Label: "Bundle", Type: view.FileField,
		Required: true, Hint: "A file that was exported here or from another tenant or registry."})
	return f
}
