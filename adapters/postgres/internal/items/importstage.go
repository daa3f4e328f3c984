package items

import (
	"bufio"
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

const stagedColumns = "s.kind, s.name, s.labels, s.spec, s.digest, s.version, s.updated_at"

// stagedRow is a row of bailiwick.staged.
type stagedRow struct {
	Kind      string
	Name      string
	Labels    []byte
	Spec      []byte
	Digest    string
	Version   int64
	UpdatedAt time.Time
}

func (r stagedRow) item() (federation.Item, error) {
	labels, err := labelsOf(r.Labels)
	return federation.Item{
		Ref: federation.Ref{Kind: r.Kind, Name: r.Name}, Labels: labels, Spec: r.Spec,
		Version: r.Version, UpdatedAt: r.UpdatedAt.UTC(), Digest: federation.Digest(r.Digest),
	}, err
}

func labelsOf(raw []byte) (map[string]string, error) {
	var labels map[string]string
	if err := json.Unmarshal(raw, &labels); err != nil {
		return nil, fmt.Errorf("postgres: stored labels: %w", err)
	}
	return labels, nil
}

// page bounds how many items are held at once.
const page = 200

// fetch runs a query by a cursor, page by page, so that its plan is made and
// its rows are sorted once. Between pages the connection is free for other
// statements.
func fetch[Row any](
	ctx context.Context, conn bun.Conn, query string, fn func([]Row) error, args ...any,
) (err error) {
	if _, err := conn.NewRaw("DECLARE items NO SCROLL CURSOR FOR "+query, args...).
		Exec(ctx); err != nil {
		return err
	}
	defer func() {
		_, closeErr := conn.ExecContext(ctx, "CLOSE items")
		err = firstError(err, closeErr)
	}()
	for {
		var rows []Row
		if err := conn.NewRaw(fmt.Sprintf("FETCH %d FROM items", page)).
			Scan(ctx, &rows); err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		if err := fn(rows); err != nil {
			return err
		}
	}
}

const copyItems = "COPY bailiwick.import_items (import, kind, name, labels, spec, digest," +
	" version, updated_at, id) FROM STDIN"

func (im *importing) Stage(ctx context.Context, items iter.Seq2[federation.Item, error]) error {
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() { // ends when items end or the reader is closed; waited for below
		err := im.write(writer, items)
		writer.CloseWithError(err)
		done <- err
	}()
	_, copyErr := pgdriver.CopyFrom(ctx, im.conn, reader, copyItems)
	reader.CloseWithError(io.ErrClosedPipe)
	sourceErr := <-done
	if sourceErr != nil && copyErr == nil {
		return sourceErr
	}
	if copyErr != nil {
		return stageError(copyErr, sourceErr)
	}
	return nil
}

// stageError prefers what the source said: the COPY that it broke off has
// nothing to add. A source that was broken off by the COPY says so itself.
func stageError(copyErr, sourceErr error) error {
	if sourceErr != nil && sourceErr != io.ErrClosedPipe {
		return sourceErr
	}
	if pgerr.State(copyErr) == pgerr.StateUnique {
		return tenancy.Errorf(tenancy.CodeInvalid, "an item stands twice in the bundle").
			Because(copyErr)
	}
	return pgerr.Translate(copyErr)
}

// write gives the items in COPY's text format (PostgreSQL manual, "COPY").
func (im *importing) write(w io.Writer, items iter.Seq2[federation.Item, error]) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	for item, err := range items {
		if err != nil {
			return err
		}
		fields := []string{
			im.id, item.Kind, item.Name, labelsJSON(item.Labels), string(item.Spec),
			string(item.Digest),
			strconv.FormatInt(item.Version, 10), item.UpdatedAt.UTC().Format(time.RFC3339Nano),
			pool.NewID(),
		}
		for i, field := range fields {
			if i > 0 {
				_ = buffered.WriteByte('\t') // a write error stays until Flush
			}
			_, _ = copyEscaper.WriteString(buffered, field)
		}
		if err := buffered.WriteByte('\n'); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

var copyEscaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)
