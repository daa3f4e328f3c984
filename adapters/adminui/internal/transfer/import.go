package transfer

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// importer has the two steps of an import: the dry run, and the import of the same bundle.
type importer struct {
	spools chan struct{} // has an element for each bundle on the disk
}

// uploadTime limits how long an upload into a temporary file takes.
const uploadTime = 10 * time.Minute

// try shows what an import would do.
func (i *importer) try(r *page.Request) (page.Reply, error) {
	u, err := readUpload(r)
	if err != nil {
		return refuseForm(r, u, err)
	}
	from := u.file
	if text := u.Get("carried"); text != "" {
		from, err = unpack(text)
	}
	if err == nil && from == nil {
		err = errNoFile
	}
	if err != nil {
		return refuseForm(r, u, err)
	}
	bundle := receive(from)
	found, err := call(r, u.Get("strategy"), true, bundle)
	if err != nil {
		return refuse(r, u.Get("strategy"), bundle.carried(), err)
	}
	return page.Show(tried(r, u.Get("strategy"), bundle, found))
}

// run imports the bundle that was tried.
func (i *importer) run(r *page.Request) (page.Reply, error) {
	u, err := readUpload(r)
	if err != nil {
		return refuseForm(r, u, err)
	}
	if !r.Caller.May("bundle.import") {
		// The API refuses and records it, before something is stored.
		_, err := call(r, u.Get("strategy"), true, http.NoBody)
		return page.Reply{}, cmp.Or(err, page.Forbidden())
	}
	bundle, err := i.triedBundle(r, u)
	if err != nil {
		return refuseForm(r, u, err)
	}
	defer bundle.Close()
	found, err := call(r, u.Get("strategy"), false, bundle)
	if err != nil {
		return refuse(r, u.Get("strategy"), u.Get("carried"), err)
	}
	return page.Show(done(r, found))
}

// triedBundle returns the bundle of the second step if it is the one of the first. The
// caller must close it.
func (i *importer) triedBundle(r *page.Request, u *upload) (io.ReadCloser, error) {
	tried := u.Get("tried")
	if text := u.Get("carried"); text != "" {
		from, err := unpackTried(text, tried)
		return io.NopCloser(from), err
	}
	if u.file == nil {
		return nil, errNoFile
	}
	control := http.NewResponseController(r.Writer())
	_ = control.SetReadDeadline(time.Now().Add(uploadTime)) // fails only without a connection
	s, err := i.spool(u.file)
	if err != nil {
		return nil, err
	}
	if err = u.end(); err == nil && s.sum != tried {
		err = errNotTried
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	_ = control.SetReadDeadline(time.Time{})
	return s, nil
}

// call imports a bundle by the API.
func call(r *page.Request, strategy string, dryRun bool, bundle io.Reader) (*report, error) {
	query := url.Values{}
	if strategy != "" {
		query.Set("strategy", strategy)
	}
	if dryRun {
		query.Set("dry_run", "true")
	}
	found := &report{keeper: keeper{r: r, dryRun: dryRun, left: maxItems}}
	err := r.API.Read(r.Context(), r.Writer(), apicall.Call{Method: http.MethodPost,
		Path: r.APIPath("import"), Query: query, Raw: bundle, Media: "application/json"},
		found.read)
	return found, err
}

// tried returns the page with what an import would do, and the form that does it.
func tried(r *page.Request, strategy string, bundle *received, found *report) view.ImportReport {
	v := reportView(r, "Dry run: nothing was imported", found)
	v.DryRun, v.Strategy, v.Trail = true, strategyWords(cmp.Or(strategy, "fail")), trail(r)
	carried := bundle.carried()
	stopped := found.counts["fail"] > 0
	if carried != "" || stopped { // else the page would have two fields for a file
		v.Retry = tryForm(r, strategy, carried)
		v.Retry.Submit = "Try again"
	}
	if stopped {
		return v
	}
	form := r.NewForm(r.URLs.To("promotion", "import"), "Import for real")
	form.Uploads, form.Cancel = true, r.URLs.To("promotion")
	form.Hidden = []view.Hidden{{Name: "strategy", Value: strategy},
		{Name: "tried", Value: bundle.sum()}}
	if carried != "" {
		form.Hidden = append(form.Hidden, view.Hidden{Name: "carried", Value: carried})
	} else {
		form.Fields = []view.Field{{Name: "file", Label: "The same bundle again", Type: view.FileField,
			Required: true, Hint: "The bundle is too large to be kept in this page. Another one than" +
				" the one that was tried is refused."}}
	}
	v.Import = &form
	return v
}

// done returns the page with what an import did.
func done(r *page.Request, found *report) view.ImportReport {
	v := reportView(r, "Imported", found)
	v.Trail = trail(r)
	return v
}
