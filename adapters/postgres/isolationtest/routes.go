package isolationtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/uptrace/bun"
)

// crossTenantRequest is one attack over HTTP: a request that names something of the other
// tenant's, and the same with something that doesn't exist. Without the second
// the request is for something of our own.
type crossTenantRequest struct {
	description string
	request     request
	control     *request
	value       string // of theirs
	nonexistent string
}

// attackRoutes attacks each route. What reads comes first; what our own names
// are deleted under is put back before anything else is written; what the
// attacks created goes with the last of them.
func (e *examination) attackRoutes(ctx context.Context) {
	seen := false
	for _, op := range e.routes {
		if op.method == http.MethodGet {
			seen = e.readOwn(ctx, op) || seen
		}
	}
	if !seen {
		e.record(ownRowsSeen, e.options.Document,
			"no route shows a tenant its own rows: Options.Sign must sign requests of an"+
				" administrator of the tenant")
	}
	for _, op := range e.routes {
		if op.method == http.MethodDelete {
			e.deleteOwn(ctx, op)
		}
	}
	for _, step := range []func(context.Context, operation) []crossTenantRequest{e.harmlessRequests, e.createRequests,
		e.deleteRequests} {
		for _, op := range e.routes {
			for _, c := range step(ctx, op) {
				e.record(op.attackName(), op.label()+" with "+c.description, e.compareResponses(ctx, c))
			}
		}
	}
	if err := e.cleanUp(context.WithoutCancel(ctx)); err != nil {
		e.record(nothingImported, "all tables", "it couldn't be looked at: "+err.Error())
	}
}

const nothingImported = "after the routes: nothing of the others' among our own rows"

// cleanUp looks for what the routes have brought over to our side, and removes what
// is left there under the other's names: we wrote it, and later it would be taken
// for a leak.
func (e *examination) cleanUp(ctx context.Context) error {
	var named []string
	for _, value := range e.victim.secrets {
		named = append(named, containsText(value))
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, t := range e.tables {
			if t.View {
				continue
			}
			ours := " FROM " + t.SQL + " AS t WHERE tenant_id = " + uuidOf(e.attacker.ID) + " AND "
			var taken int
			if err := tx.NewRaw("SELECT count(*)"+ours+containsText(e.victim.marker)).
				Scan(ctx, &taken); err != nil {
				return err
			}
			reason := ""
			if taken > 0 {
				reason = fmt.Sprintf("%d rows hold %q of the other tenant", taken, e.victim.marker)
			}
			e.record(nothingImported, t.label(), reason)
			if _, err := tx.ExecContext(ctx, "DELETE"+ours+"("+strings.Join(named, " OR ")+
				")"); err != nil {
				return fmt.Errorf("%s: %w", t.label(), err)
			}
		}
		return nil
	})
}

// containsText is the condition that a row's text has value in it.
func containsText(value string) string { return "position(" + literal(value) + " IN t::text) > 0" }

func (op operation) attackName() string { return "routes: " + op.group }

func (op operation) label() string { return op.method + " " + op.path }

// compareResponses makes the attack twice, behind the same request of the other side's
// own: what that leaves behind (a cache, a connection) must not reach us.
func (e *examination) compareResponses(ctx context.Context, c crossTenantRequest) string {
	if c.request.method == http.MethodGet {
		e.send(ctx, e.victim, c.request)
	}
	var answers [2]response
	for i := range answers {
		answers[i] = e.send(ctx, e.attacker, c.request)
		if leak := e.findLeak(c.request.text(), answers[i].text()); leak != "" {
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
		nobody := e.send(ctx, e.attacker, *c.control)
		if a.isRateLimited() || nobody.isRateLimited() {
			continue // whoever guesses has to wait, whatever they ask for
		}
		if got, want := a.normalized(c.value), nobody.normalized(c.nonexistent); got != want {
			return fmt.Sprintf("what is the other's is answered with\n%s\nwhat is nobody's with\n%s", got, want)
		}
	}
	return ""
}

// readOwn asks for something that both sides have. It reports whether both
// were shown their own.
func (e *examination) readOwn(ctx context.Context, op operation) bool {
	theirs := e.send(ctx, e.victim, op.newRequest(e.victim.ID.String(), e.victimValue(op)))
	ours := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
	reason := e.compareResponses(ctx, crossTenantRequest{request: ours})
	if reason == "" && e.walls == BothWalls && !isReachable(theirs.status) {
		reason = fmt.Sprintf("it answers its own tenant with %d, so nothing was proved; if it"+
			" must, name it in Options.Skip: %s", theirs.status, theirs.body)
	}
	e.record(op.attackName(), op.label()+" for our own", reason)
	return strings.Contains(theirs.body, e.victim.marker) &&
		strings.Contains(e.send(ctx, e.attacker, ours).body, e.attacker.marker)
}

// isReachable reports whether a route let its own tenant in, or is closed to every
// tenant.
func isReachable(status int) bool {
	return status < http.StatusMultipleChoices || status == http.StatusForbidden
}

// deleteOwn deletes something of ours, for the sake of what stands in the way,
// and puts it back.
func (e *examination) deleteOwn(ctx context.Context, op operation) {
	put, ok := e.findOperation(http.MethodPut, op.path)
	if !ok || len(op.itemParameters()) == 0 {
		return
	}
	value := e.attackerValue(op)
	restore := put.newRequest(e.attacker.ID.String(), value)
	restore.media, restore.body = put.media, e.bodyFor(ctx, put, value)
	e.record(op.attackName(), op.label()+" of our own",
		e.compareResponses(ctx, crossTenantRequest{request: op.newRequest(e.attacker.ID.String(), value)}))
	restore.header["If-None-Match"] = "*" // what is still there stays
	e.send(ctx, e.attacker, restore)
}
