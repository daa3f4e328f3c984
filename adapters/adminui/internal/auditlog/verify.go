package auditlog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	verifyTime = 2 * time.Minute // a longer log is verified by the command line
	maxLine    = 16 << 20        // bytes of an entry: longer than any that the API writes
)

// verify reads the whole log as the API exports it, and says whether it is unchanged.
func verify(r *page.Request) (page.Reply, error) {
	v := view.AuditVerify{Frame: r.Frame("Verify the audit log"), Action: r.URLs.To("audit", "verify"),
		Log: r.URLs.To("audit"), Export: r.URLs.To("audit", "export")}
	v.Trail = []view.Link{{Text: "Audit log", Href: v.Log}}
	v.Head = view.Field{Name: "head", Label: "Head of an earlier verification",
		Value: r.Query().Get("head"),
		Hint:  "A number, a colon and 64 digits. The log must contain it. Empty: it isn't compared."}
	chain, err := readHead(v.Head.Value)
	if err != nil {
		v.Head.Error = "This isn't a head as this page shows it."
		return page.Refused(http.StatusUnprocessableEntity, v)
	}
	if v.Asked = r.Query().Has("head"); !v.Asked {
		return page.Show(v)
	}
	checked := tenancy.AuditVerifier{Head: chain}
	if err := verifyLog(r, &checked, &v); err != nil {
		return page.Reply{}, err
	}
	addFound(&v, checked.Verified())
	return page.Show(v)
}

// readHead reads a head, if one is given.
func readHead(text string) (tenancy.AuditChain, error) {
	if text == "" {
		return tenancy.AuditChain{}, nil
	}
	return tenancy.ParseAuditChain(text)
}

// mismatch says which entry doesn't continue the log.
type mismatch struct{ error }

// verifyLog verifies the log, and writes into v what it found. The error is a problem of
// the call.
func verifyLog(r *page.Request, checked *tenancy.AuditVerifier, v *view.AuditVerify) error {
	ctx, stop := context.WithTimeout(r.Context(), verifyTime)
	defer stop()
	call := apicall.Call{Path: r.APIPath("audit", "export")}
	err := r.API.Read(ctx, r.Writer(), call, func(log io.Reader) error {
		return eachLine(log, checked)
	})
	var wrong mismatch
	switch {
	case err == nil:
		v.Whole = true
	case errors.As(err, &wrong):
		v.Wrong = page.Sentence(wrong.Error())
	case apicall.ProblemOf(err) != nil:
		return err
	case ctx.Err() != nil:
		v.Unfinished = "The log is too long to be verified within two minutes."
	case errors.Is(err, apicall.ErrCutOff):
		v.Unfinished = "The log stopped in the middle, so that its end couldn't be verified. Try again."
	default:
		return err
	}
	return nil
}

// eachLine verifies a log as its lines come.
func eachLine(log io.Reader, checked *tenancy.AuditVerifier) error {
	in := bufio.NewReader(log)
	for {
		line, err := readLine(in)
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			return mismatch{fmt.Errorf("the line after entry %d is longer than any entry",
				checked.Verified().Last.Seq)}
		case err != nil && err != io.EOF: // what was read of the line says nothing
			return err
		case len(line) == 0:
			return wrap(checked.End())
		}
		if err := checked.Line(line); err != nil {
			return wrap(err)
		}
	}
}

// readLine returns the next line. The last one may have no line feed.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxLine {
			return nil, bufio.ErrTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// wrap makes an error of the verification a mismatch, with its words alone.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	if coded, ok := errors.AsType[*tenancy.Error](err); ok {
		err = errors.New(coded.Message)
	}
	return mismatch{err}
}

// addFound writes the numbers of what is verified into v.
func addFound(v *view.AuditVerify, found tenancy.Verified) {
	v.Entries = found.Entries
	v.Removed = found.Begin.Seq
	if found.Entries == 0 {
		return
	}
	v.First = view.AuditMark{Seq: found.Begin.Seq + 1, At: found.FirstAt}
	v.Last = view.AuditMark{Seq: found.Last.Seq, At: found.LastAt}
	v.NewHead = found.Last.String()
}
