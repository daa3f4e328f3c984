package transfer

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// refuseForm shows the form again when the upload itself is wrong.
func refuseForm(r *page.Request, u *upload, err error) (page.Reply, error) {
	defer drain(r)
	v := promotionView(r)
	strategy := ""
	if u != nil {
		strategy = u.Get("strategy")
	}
	form := tryForm(r, strategy, "")
	v.Import = &form
	var wrong formError
	switch {
	case errors.Is(err, errNoFile):
		form.Fields[1].Error = errNoFile.Error()
	case errors.As(err, &wrong):
		form.Error = wrong.Error()
	default:
		return page.Reply{}, err
	}
	return page.Refused(http.StatusUnprocessableEntity, v)
}

// members are those that a problem of an import has beyond the standard ones.
type members struct {
	Counts    map[string]int `json:"counts"`
	Items     []reportItem   `json:"items"`     // of a conflict
	Truncated bool           `json:"truncated"` // there are more places or conflicts
}

// refuse shows why the API refused a bundle, with each place, and the form to try again.
func refuse(r *page.Request, strategy, carried string, err error) (page.Reply, error) {
	defer drain(r)
	p := apicall.ProblemOf(err)
	if p == nil || p.Status >= http.StatusInternalServerError || !isOfBundle[p.Status] {
		return page.Reply{}, err
	}
	v := view.ImportRefused{Frame: r.Frame("Nothing was imported"), Text: page.Sentence(p.Detail),
		Places: places(r, p.Errors), Back: r.URLs.To("promotion")}
	v.Trail = trail(r)
	if known, ok := explanations[p.Code]; ok {
		v.Text, v.Advice, v.Detail = known.text, known.advice, page.Sentence(p.Detail)
	}
	addMembers(r, &v, p)
	if p.Status == http.StatusRequestEntityTooLarge {
		carried = ""
	}
	v.Retry = tryForm(r, strategy, carried)
	return page.Refused(p.Status, v)
}

// isOfBundle are the statuses with which the API refuses a bundle, and not the caller.
var isOfBundle = map[int]bool{
	http.StatusBadRequest: true, http.StatusConflict: true, http.StatusUnprocessableEntity: true,
	http.StatusRequestEntityTooLarge: true, http.StatusRequestTimeout: true,
	http.StatusUnsupportedMediaType: true,
}

// explanations say what a refused bundle is, and what to do, by the code of the problem.
var explanations = map[string]struct{ text, advice string }{
	"digest_mismatch": {"The bundle was changed after its export: its digest isn’t that of its content.",
		"Export it again, and import the file as it is."},
	"dangling_reference": {"The bundle refers to what neither it nor this tenant has.",
		"Export what is referred to as well, with more kinds or fewer labels, or create it here first."},
	"cyclic_reference": {"Something in the bundle comes back to itself through its references.",
		"Mend it where the bundle was exported."},
	"import_conflict": {"Something was changed here and there, or is here and never came from there.",
		"Look at the differences, and choose what is to happen with them."},
	"too_large": {"The bundle is larger than this installation takes.",
		"Export it in parts, by kind or by label."},
	"unsupported_version": {"The bundle is of a newer version than this installation reads.",
		"Bring this installation up to date first."},
	"signature_required": {"The bundle isn’t signed, and this tenant takes only signed ones.",
		"Export it from an installation that signs its bundles."},
	"signature_invalid": {"The bundle’s signature doesn’t fit: the bundle was changed after its export.",
		"Export it again, and import the file as it is."},
	"signer_untrusted": {"The bundle is signed by an installation that this tenant doesn’t trust.",
		"Ask an admin to add its key to the setting trusted_keys."},
	"invalid_json": {"The file isn’t a bundle, or a part of it is missing.",
		"Choose the file as it was exported."},
	"target_changed": {"Something here was changed while the bundle was imported.", "Try it again."},
}

// addMembers adds what differs, and whether there is more than the problem has.
func addMembers(r *page.Request, v *view.ImportRefused, p *apicall.Problem) {
	var m members
	if json.Unmarshal(p.Body, &m) != nil {
		return
	}
	kept := keeper{r: r, dryRun: true, left: maxItems}
	for _, item := range m.Items {
		kept.add(item)
	}
	v.Items, v.More = kept.items, max(m.Counts["fail"]-len(kept.items), 0)
	v.MorePlaces = m.Truncated && len(v.Places) > 0
}

// places are what is wrong with a bundle: the paths of its problems begin with the kind and
// the name of an item.
func places(r *page.Request, errs []apicall.InputError) []view.BundlePlace {
	var list []view.BundlePlace
	for _, e := range errs {
		p := view.BundlePlace{Path: e.Path, Detail: page.Sentence(e.Detail)}
		tokens := strings.SplitN(strings.TrimPrefix(e.Path, "/"), "/", 3)
		if kind, ok := r.Site.Kinds.Kind(tokens[0]); ok && len(tokens) > 1 {
			p.Kind, p.Name, p.Path = kind.Name, unescape(tokens[1]), ""
			if len(tokens) == 3 {
				p.Path = "/" + tokens[2]
			}
		}
		list = append(list, p)
	}
	return list
}

// unescape returns a token of a JSON Pointer as it is (RFC 6901, section 4).
func unescape(token string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
}
