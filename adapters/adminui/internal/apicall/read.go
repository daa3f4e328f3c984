package apicall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
)

// ErrCutOff says that the API stopped in the middle of an answer.
var ErrCutOff = errors.New("the API's answer was cut off")

// Read makes the call and gives the body of a successful answer to read while it comes, so
// that no answer is in memory as a whole. What read leaves is dropped. An answer that isn't
// a success is a [*Problem], and one that ends too early is [ErrCutOff]: reading the body
// fails with it too. Deadlines that the API sets are those of w, to which nothing is
// written. An error of read ends the call. Read returns after both have ended.
func (c *Client) Read(
	ctx context.Context, w http.ResponseWriter, call Call, read func(io.Reader) error,
) error {
	from, to := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- consume(from, read) }()
	cause, failed := c.pour(ctx, &pipeResponse{header: http.Header{}, to: to, under: w}, call)
	_ = to.CloseWithError(failed) // never fails; nil is the end of the body
	err := <-done
	switch {
	case cause != nil:
		panic(cause)
	case ProblemOf(failed) != nil || err == nil:
		return failed
	}
	return err
}

// consume calls read. A panic of it becomes an error: no other goroutine could catch it.
func consume(from *io.PipeReader, read func(io.Reader) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("apicall: reading an answer panicked: %v\n%s", cause, debug.Stack())
		}
		_ = from.CloseWithError(err) // never fails
	}()
	if err = read(from); err == nil {
		_, err = io.Copy(io.Discard, from)
	}
	return err
}

// pour writes the answer into out. The API panics with [http.ErrAbortHandler] to cut an
// answer off; any other panic is returned as cause.
func (c *Client) pour(
	ctx context.Context, out http.ResponseWriter, call Call,
) (cause any, err error) {
	defer func() {
		if cause = recover(); cause != nil {
			err = ErrCutOff
		}
		if cause == http.ErrAbortHandler {
			cause = nil
		}
	}()
	return nil, c.Stream(ctx, out, call)
}

// pipeResponse writes a body into a pipe.
type pipeResponse struct {
	header http.Header
	to     *io.PipeWriter
	under  http.ResponseWriter
}

func (p *pipeResponse) Header() http.Header         { return p.header }
func (p *pipeResponse) WriteHeader(int)             {}
func (p *pipeResponse) Write(b []byte) (int, error) { return p.to.Write(b) }

// Flush does nothing: a pipe keeps nothing back, and the page has not begun.
func (p *pipeResponse) Flush() {}

// Unwrap is for [http.ResponseController].
func (p *pipeResponse) Unwrap() http.ResponseWriter { return p.under }
