package isolationtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/uptrace/bun"
)

// crossing is one attack over HTTP: a request that names something of the other
// tenant's, and the same with something that doesn't exist. Without the second
// the request is for something of our own.
type crossing struct {
	what    string
	asked   request
	control *request
	value   string // of theirs
	nobodys string
}

// attackRoutes attacks each route. What reads comes first; what our own names
// are deleted under is put back before anything else is written; what the
// attacks created goes with the last of them.
func (e *examination) attackRoutes(ctx context.Context) {
	seen := false
	for _, op := range e.routes {
		if op.method == http.MethodGet {
			seen = e.askForOwn(ctx, op) || seen
		}
	}
	if !seen {
		e.note(ownRowsSeen, e.options.Document,
			"no route shows a tenant its own rows: Options.Sign must sign requests of an"+
				" administrator of the tenant")
	}
	for _, op := range e.routes {
		if op.method == http.MethodDelete {
			e.deleteOwn(ctx, op)
		}
	}
	for _, step := range []func(context.Context, operation) []crossing{e.withoutTraces, e.creating,
		e.removing} {
		for _, op := range e.routes {
			for _, c := range step(ctx, op) {
				e.note(op.row(), op.label()+" with "+c.what, e.cross(ctx, c))
			}
		}
	}
	if err := e.tidy(context.WithoutCancel(ctx)); err != nil {
		e.note(nothingTaken, "all tables", "it couldn't be looked at: "+err.Error())
	}
}

const nothingTaken = "after the routes: nothing of the others' among our own rows"

// tidy looks for what the routes have brought over to our side, and removes what
// is left there under the other's names: we wrote it, and later it would be taken
// for a leak.
func (e *examination) tidy(ctx context.Context) error {
	var named []string
	for _, value := range e.theirs.secrets {
		named = append(named, holds(value))
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, t := range e.tables {
			if t.View {
				continue
			}
			ours := " FROM " + t.SQL + " AS t WHERE tenant_id = " + uuidOf(e.ours.ID) + " AND "
			var taken int
			if err := tx.NewRaw("SELECT count(*)"+ours+holds(e.theirs.marker)).
				Scan(ctx, &taken); err != nil {
				return err
			}
			reason := ""
			if taken > 0 {
				reason = fmt.Sprintf("%d rows hold %q of the other tenant", taken, e.theirs.marker)
			}
			e.note(nothingTaken, t.label(), reason)
			if _, err := tx.ExecContext(ctx, "DELETE"+ours+"("+strings.Join(named, " OR ")+
				")"); err != nil {
				return fmt.Errorf("%s: %w", t.label(), err)
			}
		}
		return nil
	})
}

// holds is the condition that a row's text has value in it.
func holds(value string) string { return "position(" + literal(value) + " IN t::text) > 0" }

func (op operation) row() string { return "routes: " + op.group }

func (op operation) label() string { return op.method + " " + op.path }

// cross makes the attack twice, behind the same request of the other side's
// own: what that leaves behind (a cache, a connection) must not reach us.
func (e *examination) cross(ctx context.Context, c crossing) string {
	if c.asked.method == http.MethodGet {
		e.send(ctx, e.theirs, c.asked)
	}
	var answers [2]answer
	for i := range answers {
		answers[i] = e.send(ctx, e.ours, c.asked)
		if leak := e.leak(c.asked.text(), answers[i].text()); leak != "" {
			return leak + ": " + answers[i].text()
		}
		if answers[i].status == http.StatusInternalServerError {
			return "the attack couldn't be made: " + answers[i].text()
		}
	}
	if c.control == nil {
		return ""
	}
	for _, a := range answers {
		nobody := e.send(ctx, e.ours, *c.control)
		if a.mustWait() || nobody.mustWait() {
			continue // whoever guesses has to wait, whatever they ask for
		}
		if got, want := a.likeness(c.value), nobody.likeness(c.nobodys); got != want {
			return fmt.Sprintf("what is the other's is answered with\n%s\nwhat is nobody's with\n%s", got, want)
		}
	}
	return ""
}

// askForOwn asks for something that both sides have. It reports whether both
// were shown their own.
func (e *examination) askForOwn(ctx context.Context, op operation) bool {
	theirs := e.send(ctx, e.theirs, op.ask(e.theirs.ID.String(), e.theirValue(op)))
	ours := op.ask(e.ours.ID.String(), e.ourValue(op))
	reason := e.cross(ctx, crossing{asked: ours})
	if reason == "" && e.walls == BothWalls && !reaches(theirs.status) {
		reason = fmt.Sprintf("it answers its own tenant with %d, so nothing was proved; if it"+
			" must, name it in Options.Skip: %s", theirs.status, theirs.body)
	}
	e.note(op.row(), op.label()+" for our own", reason)
	return strings.Contains(theirs.body, e.theirs.marker) &&
		strings.Contains(e.send(ctx, e.ours, ours).body, e.ours.marker)
}

// reaches reports whether a route let its own tenant in, or is closed to every
// tenant.
func reaches(status int) bool {
	return status < http.StatusMultipleChoices || status == http.StatusForbidden
}

// deleteOwn deletes something of ours, for the sake of what stands in the way,
// and puts it back.
func (e *examination) deleteOwn(ctx context.Context, op operation) {
	put, ok := e.find(http.MethodPut, op.path)
	if !ok || len(op.picks()) == 0 {
		return
	}
	value := e.ourValue(op)
	restore := put.ask(e.ours.ID.String(), value)
	restore.media, restore.body = put.media, e.bodyFor(ctx, put, value)
	e.note(op.row(), op.label()+" of our own",
		e.cross(ctx, crossing{asked: op.ask(e.ours.ID.String(), value)}))
	restore.header["If-None-Match"] = "*" // what is still there stays
	e.send(ctx, e.ours, restore)
}
