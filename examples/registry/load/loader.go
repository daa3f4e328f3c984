package load

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// loadWorkers is the number of rows that are sent at the same time.
const loadWorkers = 8

// codeDuplicateName is the code of a row with the name of an earlier row in the
// same file.
const codeDuplicateName tenancy.Code = "duplicate_name"

// loader writes rows into a registry.
type loader struct {
	client        *apiclient.Client
	models        map[string]error // by model: why its model_config is missing; nil: it exists
	createdModels []string         // the model_configs that this loader created

	versions map[string]positionedRow // of the loaded items of all files, by kind and name
}

// newLoader returns a loader that knows no model_configs yet.
func newLoader(c *apiclient.Client) *loader {
	return &loader{client: c, models: map[string]error{}, versions: map[string]positionedRow{}}
}

// load writes the rows of a file. An error ends the load: the file is malformed, or
// the registry refuses every row. The result counts the rows up to then.
func (l *loader) load(ctx context.Context, file, kind string, r io.Reader) (Result, error) {
	f := &fileLoad{loader: l, file: file, first: map[string]int{}, held: held{}}
	err := f.send(ctx, func(yield func(positionedRow) bool) error {
		return f.readAll(ctx, kind, r, yield)
	})
	if err == nil {
		err = f.retry(ctx)
	}
	for _, p := range f.deferred {
		f.refuse(p, p.err)
	}
	byPosition := func(a, b Refusal) int { return cmp.Compare(a.Position, b.Position) }
	slices.SortFunc(f.result.Refused, byPosition)
	slices.SortFunc(f.result.Skipped, byPosition)
	return f.result, err
}

// fileLoad is the load of one file.
type fileLoad struct {
	*loader
	file  string
	first map[string]int // position of the first row, by kind and name
	held  held           // by kind and name

	mu       sync.Mutex
	result   Result
	deferred []positionedRow // refused for a reference that a later row may satisfy
}

// positionedRow is a row and its position in the file.
type positionedRow struct {
	position int
	row      row
	err      error // why the last attempt was refused
}

// readAll parses all rows of a file and yields the valid ones.
func (f *fileLoad) readAll(
	ctx context.Context, kind string, r io.Reader, yield func(positionedRow) bool,
) error {
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
		} else if p.row.Version.text == "" && !yield(p) {
			return nil
		}
		position++
	}
	f.yieldHeld(yield)
	return nil
}

// yieldHeld yields the greatest version of each item, unless an earlier file had a greater one.
func (f *fileLoad) yieldHeld(yield func(positionedRow) bool) {
	for _, key := range slices.SortedFunc(maps.Keys(f.held), func(a, b string) int {
		return cmp.Compare(f.held[a].position, f.held[b].position)
	}) {
		p := f.held[key]
		earlier, ok := f.versions[key]
		if ok && compareVersions(p.row.Version, earlier.row.Version) < 0 {
			f.skip(p, earlier)
			continue
		}
		f.versions[key] = p
		if !yield(p) {
			return
		}
	}
}

// parse parses a row and makes sure that its model_config exists.
func (f *fileLoad) parse(
	ctx context.Context, kind string, position int, raw []byte,
) (positionedRow, error) {
	r, err := parseRow(kind, raw)
	p := positionedRow{position: position, row: r}
	if err != nil {
		return p, err
	}
	if err := f.checkUnique(p); err != nil {
		return p, err
	}
	if r.Model == "" {
		return p, nil
	}
	return p, f.ensureModelConfig(ctx, r.Model)
}

// checkUnique refuses a second row with the same kind and name. Otherwise the last row
// would silently overwrite the first. Of rows with versions it holds the greatest.
func (f *fileLoad) checkUnique(p positionedRow) error {
	key := p.row.Kind + "\x00" + p.row.Name
	if p.row.Version.text != "" {
		if _, unversioned := f.first[key]; !unversioned {
			return f.hold(key, p)
		}
	}
	first, repeated := f.first[key]
	if other, ok := f.held[key]; ok {
		first, repeated = other.position, true
	}
	if repeated {
		return tenancy.Errorf(codeDuplicateName, "the row at position %d already has this name",
			first)
	}
	f.first[key] = p.position
	return nil
}

// send sends the rows that rows yields, several at a time. The first error that
// isn't about a single row ends it.
func (f *fileLoad) send(
	ctx context.Context, rows func(yield func(positionedRow) bool) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx) // the cause is the error of a worker
	defer cancel(nil)
	queue := make(chan positionedRow)
	var workers sync.WaitGroup
	for range loadWorkers {
		workers.Go(func() {
			for p := range queue {
				if err := f.record(p, f.put(ctx, p.row, false)); err != nil {
					cancel(err)
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

// record stores the result of one row. It returns an error that isn't about the
// row, because the next rows would fail with it too.
func (f *fileLoad) record(p positionedRow, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.result.Loaded++
		return nil
	}
	refused, ok := errors.AsType[*apiclient.Error](err)
	isRowError := ok && refused.IsRowError()
	if isRowError && refused.Code == tenancy.CodeDanglingReference {
		p.err = err
		f.deferred = append(f.deferred, p)
		return nil
	}
	_, isParseError := errors.AsType[*tenancy.Error](err)
	if isParseError || isRowError {
		f.refuse(p, err)
		return nil
	}
	return err
}

// refuse adds a row to the refused ones. The caller holds mu, or no worker runs.
func (f *fileLoad) refuse(p positionedRow, err error) {
	r := Refusal{File: f.file, Position: p.position, Name: p.row.Name}
	if e, ok := errors.AsType[*apiclient.Error](err); ok {
		r.Code, r.Reason = string(e.Code), e.Reason()
	} else if e, ok := errors.AsType[*tenancy.Error](err); ok {
		r.Code, r.Reason = string(e.Code), e.Message
	}
	f.result.Refused = append(f.result.Refused, r)
}

// retry sends the deferred rows again, until none is left or a round loads no row.
func (f *fileLoad) retry(ctx context.Context) error {
	for len(f.deferred) > 0 {
		rows := f.deferred
		f.deferred = nil
		slices.SortFunc(rows, func(a, b positionedRow) int {
			return cmp.Compare(a.position, b.position)
		})
		before := f.result.Loaded
		err := f.send(ctx, func(yield func(positionedRow) bool) error {
			for _, p := range rows {
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

// put creates or replaces the resource of a row. With createOnly, an existing
// resource is an error of code already_exists.
func (l *loader) put(ctx context.Context, r row, createOnly bool) error {
	raw, err := json.Marshal(r.Body)
	if err != nil {
		return err
	}
	header := map[string]string{"Content-Type": "application/json"}
	if createOnly {
		header["If-None-Match"] = "*"
	}
	resp, err := l.client.Do(ctx, apiclient.Request{
		Method: http.MethodPut,
		Path:   "/api/v1/" + kinds.Path(r.Kind) + "/" + apiclient.EscapeSegment(r.Name),
		Header: header,
		Body:   bytes.NewReader(raw),
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection can be reused
	return err
}

// ensureModelConfig creates the model_config of a model, unless the tenant has one
// of that name. Later calls for the same model return the first result.
func (l *loader) ensureModelConfig(ctx context.Context, model string) error {
	err, known := l.models[model]
	if known {
		return err
	}
	err = l.createModelConfig(ctx, model)
	l.models[model] = err
	return err
}

// createModelConfig creates a model_config unless it exists. An error about the
// model_config is a *tenancy.Error, so that only the agents of this model are refused.
func (l *loader) createModelConfig(ctx context.Context, model string) error {
	if err := tenancy.CheckName(model); err != nil {
		return tenancy.Errorf(tenancy.CodeInvalid,
			"the model %q isn't a valid name of a model_config", model).Because(err)
	}
	err := l.put(ctx, modelConfig(model), true)
	if e, ok := errors.AsType[*apiclient.Error](err); ok {
		if e.Code == tenancy.CodeAlreadyExists {
			return nil
		}
		if e.IsRowError() {
			return tenancy.Errorf(e.Code, "its model_config %q: %s", model, e.Reason())
		}
	}
	if err == nil {
		l.createdModels = append(l.createdModels, model)
	}
	return err
}
