package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// loadWorkers is how many rows are under way at once.
const loadWorkers = 8

// codeDuplicateName refuses a row whose name an earlier row of the file has.
const codeDuplicateName tenancy.Code = "duplicate_name"

// loader puts rows into a registry.
type loader struct {
	client        *client
	models        map[string]error // by model: nil when its model_config is there, or why not
	createdModels []string         // the model_configs that weren't there before
}

func newLoader(c *client) *loader { return &loader{client: c, models: map[string]error{}} }

// load puts the rows of a file. The result counts what was done also when
// there is an error, which ends the load: the file is malformed, or the
// registry takes nothing at all.
func (l *loader) load(ctx context.Context, file, kind string, r io.Reader) (loadResult, error) {
	f := &fileLoad{loader: l, file: file, first: map[string]int{}}
	err := f.send(ctx, func(yield func(positionedRow) bool) error {
		position := 0
		for raw, err := range readRows(r) {
			if err != nil {
				return err
			}
			p, err := f.parse(ctx, kind, position, raw)
			if err != nil {
				if err = f.record(p, err); err != nil {
					return err
				}
			} else if !yield(p) {
				return nil
			}
			position++
		}
		return nil
	})
	if err == nil {
		err = f.retry(ctx)
	}
	for _, p := range f.deferred {
		f.refuse(p, p.err)
	}
	slices.SortFunc(f.result.Refused,
		func(a, b refusal) int { return cmp.Compare(a.Position, b.Position) })
	return f.result, err
}

// fileLoad is the load of one file.
type fileLoad struct {
	*loader
	file  string
	first map[string]int // the position of each name's first row

	mu       sync.Mutex
	result   loadResult
	deferred []positionedRow // refused because of what they refer to: it may come later
}

// positionedRow is a row and where it stands.
type positionedRow struct {
	position int
	row      row
	err      error // why it was refused the last time
}

// parse parses a row and makes sure that its model_config is there.
func (f *fileLoad) parse(
	ctx context.Context, kind string, position int, raw []byte,
) (positionedRow, error) {
	r, err := parseRow(kind, raw)
	p := positionedRow{position: position, row: r}
	if err != nil {
		return p, err
	}
	if err := f.checkUnique(r, position); err != nil {
		return p, err
	}
	if r.Model == "" {
		return p, nil
	}
	return p, f.ensureModelConfig(ctx, r.Model)
}

func (f *fileLoad) checkUnique(r row, position int) error {
	key := r.Kind + "\x00" + r.Name
	if first, again := f.first[key]; again {
		return tenancy.Errorf(codeDuplicateName, "the row at position %d has this name already",
			first)
	}
	f.first[key] = position
	return nil
}

// send sends what rows yields, and ends with the first error that isn't about
// a single row.
func (f *fileLoad) send(ctx context.Context, rows func(yield func(positionedRow) bool) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	queue := make(chan positionedRow)
	var workers sync.WaitGroup
	for range loadWorkers {
		workers.Go(func() {
			for p := range queue {
				if err := f.record(p, f.put(ctx, p.row, false)); err != nil {
					giveUp(err)
				}
			}
		})
	}
	err := rows(func(p positionedRow) bool {
		select {
		case queue <- p:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(queue)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// record notes how a row fared. An error that isn't about the row is answered:
// the next rows would meet it too.
func (f *fileLoad) record(p positionedRow, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.result.Loaded++
		return nil
	}
	refused, isAnswer := errors.AsType[*apiError](err)
	if isAnswer && refused.isRowError() && refused.Code == tenancy.CodeDanglingReference {
		p.err = err
		f.deferred = append(f.deferred, p)
		return nil
	}
	_, isOurs := errors.AsType[*tenancy.Error](err)
	if isOurs || isAnswer && refused.isRowError() {
		f.refuse(p, err)
		return nil
	}
	return err
}

// refuse reports a row. The caller holds mu, or is alone.
func (f *fileLoad) refuse(p positionedRow, err error) {
	r := refusal{File: f.file, Position: p.position, Name: p.row.Name}
	if e, ok := errors.AsType[*apiError](err); ok {
		r.Code, r.Reason = string(e.Code), e.reason()
	} else if e, ok := errors.AsType[*tenancy.Error](err); ok {
		r.Code, r.Reason = string(e.Code), e.Message
	}
	f.result.Refused = append(f.result.Refused, r)
}

// retry sends again what referred to rows that weren't there yet, as long as
// that brings anything in.
func (f *fileLoad) retry(ctx context.Context) error {
	for len(f.deferred) > 0 {
		again := f.deferred
		f.deferred = nil
		slices.SortFunc(again, func(a, b positionedRow) int { return cmp.Compare(a.position, b.position) })
		before := f.result.Loaded
		err := f.send(ctx, func(yield func(positionedRow) bool) error {
			for _, p := range again {
				if !yield(p) {
					break
				}
			}
			return nil
		})
		if err != nil || f.result.Loaded == before {
			return err
		}
	}
	return nil
}

// put creates or replaces a row's resource; with createOnly one that is there
// stays as it is.
func (l *loader) put(ctx context.Context, r row, createOnly bool) error {
	raw, err := json.Marshal(r.Body)
	if err != nil {
		return err
	}
	header := map[string]string{"Content-Type": "application/json"}
	if createOnly {
		header["If-None-Match"] = "*"
	}
	resp, err := l.client.do(ctx, request{
		method: http.MethodPut,
		path:   "/api/v1/" + kindPath(r.Kind) + "/" + escapeSegment(r.Name),
		header: header,
		body:   bytes.NewReader(raw),
		length: int64(len(raw)),
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection is used again
	return err
}

// ensureModelConfig makes the model_config of a model, once, unless the tenant has
// one of that name.
func (l *loader) ensureModelConfig(ctx context.Context, model string) error {
	err, known := l.models[model]
	if known {
		return err
	}
	err = l.createModelConfig(ctx, model)
	l.models[model] = err
	return err
}

func (l *loader) createModelConfig(ctx context.Context, model string) error {
	if err := tenancy.CheckName(model); err != nil {
		return tenancy.Errorf(tenancy.CodeInvalid, "the model %q can't name a model_config", model).
			Because(err)
	}
	err := l.put(ctx, modelConfig(model), true)
	if e, ok := errors.AsType[*apiError](err); ok {
		if e.Code == tenancy.CodeAlreadyExists {
			return nil
		}
		if e.isRowError() {
			return tenancy.Errorf(e.Code, "its model_config %q: %s", model, e.reason())
		}
	}
	if err == nil {
		l.createdModels = append(l.createdModels, model)
	}
	return err
}

// escapeSegment writes a name as one segment of a path. Also the dots of "."
// and "..", which would mean another path.
func escapeSegment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}
