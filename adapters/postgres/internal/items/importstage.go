package items

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// stagedColumns are columns of bailiwick.staged: a view of bailiwick.import_items that shows
// the tenant's rows only.
const stagedColumns = "s.kind, s.name, s.labels, s.spec, s.digest, s.version, s.updated_at, s.missing"

// stagedRow is a row of bailiwick.staged.
type stagedRow struct {
	Kind      string
	Name      string
	Labels    []byte
	Spec      []byte
	Digest    string
	Version   int64
	UpdatedAt time.Time
	Missing   bool // the source no longer has it: only kind and name count
}

func (r stagedRow) item() (federation.Item, error) {
	if r.Missing {
		return federation.Item{Ref: federation.Ref{Kind: r.Kind, Name: r.Name}}, nil
	}
	labels, err := unmarshalLabels(r.Labels)
	return federation.Item{
		Ref: federation.Ref{Kind: r.Kind, Name: r.Name}, Labels: labels, Spec: r.Spec,
		Version: r.Version, UpdatedAt: r.UpdatedAt.UTC(), Digest: federation.Digest(r.Digest),
	}, err
}

func unmarshalLabels(raw []byte) (map[string]string, error) {
	var labels map[string]string
	if err := json.Unmarshal(raw, &labels); err != nil {
		return nil, fmt.Errorf("postgres: the stored labels: %w", err)
	}
	return labels, nil
}

// pageSize is the most items in memory at the same time.
const pageSize = 200

// fetchPages calls fn with the rows of a query, page by page. It uses a cursor, so that the server
// plans and sorts once; between pages fn may run other statements on the connection.
func fetchPages[Row any](
	ctx context.Context, conn bun.Conn, query string, fn func([]Row) error, args ...any,
) (err error) {
	if _, err := conn.NewRaw("DECLARE items NO SCROLL CURSOR FOR "+query, args...).
		Exec(ctx); err != nil {
		return err
	}
	defer func() {
		_, closeErr := conn.ExecContext(ctx, "CLOSE items")
		err = cmp.Or(err, closeErr)
	}()
	fetch := fmt.Sprintf("FETCH %d FROM items", pageSize)
	for {
		var page []Row
		if err := conn.NewRaw(fetch).Scan(ctx, &page); err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		if err := fn(page); err != nil {
			return err
		}
	}
}

// copyItems writes to the table of the view bailiwick.staged: COPY FROM doesn't work on a table
// with row security. The application's role may only insert into that table, and the column
// tenant_id defaults to the tenant of the statement's scope.
const copyItems = "COPY bailiwick.import_items" +
	" (import, kind, name, labels, spec, digest, version, updated_at, id) FROM STDIN"

// Stage streams the items into a COPY through a pipe. The unique key of the table finds a ref
// that appears twice.
func (im *importRun) Stage(
	ctx context.Context, from federation.Source, items iter.Seq2[federation.Item, error],
) error {
	if err := im.findSource(ctx, from); err != nil {
		return pgerr.Translate(err)
	}
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() { // ends with items or when the reader is closed, and Stage waits for it
		err := im.writeCopy(writer, items)
		writer.CloseWithError(err)
		done <- err
	}()
	_, copyErr := pgdriver.CopyFrom(ctx, im.conn, reader, copyItems)
	reader.CloseWithError(io.ErrClosedPipe)
	sourceErr := <-done
	if copyErr != nil {
		im.copyFailed = true
		return stageError(copyErr, sourceErr)
	}
	return sourceErr
}

// stageError returns the error of the items if they have one: the COPY failed because of it.
// [io.ErrClosedPipe] means the reverse, that the COPY failed first.
func stageError(copyErr, sourceErr error) error {
	if sourceErr != nil && sourceErr != io.ErrClosedPipe {
		return sourceErr
	}
	if pgerr.State(copyErr) == pgerr.StateUnique {
		return tenancy.Errorf(tenancy.CodeInvalid, "an item appears twice").Because(copyErr)
	}
	return pgerr.Translate(copyErr)
}

// writeCopy writes the items in the text format of COPY (PostgreSQL manual, "COPY").
func (im *importRun) writeCopy(w io.Writer, items iter.Seq2[federation.Item, error]) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	for item, err := range items {
		if err != nil {
			return err
		}
		if t := im.declared.ByKind[item.Kind]; t != nil {
			if err := item.CheckVersion(t.VersionLimit); err != nil {
				return err
			}
		}
		fields := []string{
			im.id, item.Kind, item.Name, labelsJSON(item.Labels), string(item.Spec),
			string(item.Digest), strconv.FormatInt(item.Version, 10),
			item.UpdatedAt.UTC().Format(time.RFC3339Nano), pool.NewID(),
		}
		for i, field := range fields {
			if i > 0 {
				_ = buffered.WriteByte('\t') // the next WriteByte or Flush returns its error
			}
			_, _ = copyEscaper.WriteString(buffered, field)
		}
		if err := buffered.WriteByte('\n'); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// copyEscaper escapes what ends a field or a row in the text format.
var copyEscaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)
