package transfer

import (
	"bufio"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

const (
	maxParts = 8        // of a form
	maxField = 64 << 10 // bytes of a field that isn't the file
)

// formError says to the person what is wrong with the form.
type formError string

// Error returns the sentences.
func (e formError) Error() string { return string(e) }

// What is wrong with a form, before the API has seen the bundle.
const (
	errForm     formError = "The form can’t be read. Nothing was imported."
	errNoFile   formError = "Choose a file. Nothing was imported."
	errNotTried formError = "This isn’t the bundle that was tried. Nothing was imported: try this one first."
	errBusy     formError = "Other imports are being uploaded. Nothing was imported: try again in a moment."
	errLong     formError = "The bundle is too large to be imported on this page. Nothing was imported:" +
		" use the command “registry import”."
)

// upload is a form with a file, of which only the fields before the file have been read.
type upload struct {
	url.Values
	parts *multipart.Reader
	file  io.Reader // nil: the form has none
}

// readUpload reads the fields of a form up to its file, and checks them.
func readUpload(r *page.Request) (*upload, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errForm
	}
	u := &upload{Values: url.Values{}, parts: parts}
	if err := u.readFields(); err != nil {
		return nil, err
	}
	return u, r.CheckForm(u.Values)
}

// readFields reads the parts before the file. A browser sends a file without content if none
// was chosen.
func (u *upload) readFields() error {
	for range maxParts {
		part, err := u.parts.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errForm
		}
		if part.FormName() == "file" {
			content := bufio.NewReader(part)
			if _, err := content.Peek(1); err != io.EOF {
				u.file = content
			}
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil || len(text) > maxField {
			return errForm
		}
		u.Add(part.FormName(), string(text))
	}
	return errForm
}

// end reports a part after the file: it would be a field that no one has checked.
func (u *upload) end() error {
	if _, err := u.parts.NextPart(); err != io.EOF {
		return errForm
	}
	return nil
}

const (
	drainBytes = 32 << 20
	drainTime  = 2 * time.Second
)

// drain reads what is left of a refused upload for a short time. Browsers send all of a form
// before they read the answer: if the connection was closed meanwhile, they would show an
// error of the connection and not the page.
func drain(r *page.Request) {
	control := http.NewResponseController(r.Writer())
	if control.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
	_ = control.SetReadDeadline(time.Time{}) // never fails after the first
}
