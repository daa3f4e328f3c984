package isolationtest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// crossTenantRequest is one attack over HTTP: a request that names something of the victim, and
// the same request with something that doesn't exist, whose response must be the same. Without
// control, the request names something of the attacker.
type crossTenantRequest struct {
	description string
	request     request
	control     *request
	value       string // of the victim, in request
	nonexistent string // the value in control
	resets      bool   // the request may change rows of the attacker, which are then restored
}

// attackRoutes attacks each route. It reads first. Then it deletes items of the attacker, and
// writes each again before the next write. Then it deletes the items that the other attacks
// created. The last attacks are those on the host's routes.
func (e *examination) attackRoutes(ctx context.Context) {
	seen := false
	for _, op := range e.routes {
		if op.method == http.MethodGet && !op.host {
			seen = e.readOwn(ctx, op) || seen
		}
	}
	e.attackLibraryRoutes(ctx)
	seen = e.attackHostRoutes(ctx) || seen
	if !seen {
		e.record(ownRowsSeen, e.options.Document,
			"no route shows a tenant its own rows: Options.Sign must add the credentials of an"+
				" administrator of the tenant")
	}
	if err := e.cleanUp(context.WithoutCancel(ctx)); err != nil {
		e.record(nothingImported, "all tables", "the tables couldn't be read: "+err.Error())
	}
}

// attackLibraryRoutes attacks the routes of the document with values of the victim.
func (e *examination) attackLibraryRoutes(ctx context.Context) {
	for _, op := range e.routes {
		if op.method == http.MethodDelete && !op.host {
			e.deleteOwn(ctx, op)
		}
	}
	steps := []func(context.Context, operation) []crossTenantRequest{
		e.harmlessRequests, e.createRequests, e.deleteRequests,
	}
	for _, step := range steps {
		for _, op := range e.routes {
			if op.host {
				continue
			}
			for _, c := range step(ctx, op) {
				e.record(op.attackName(), op.label()+" with "+c.description,
					e.compareResponses(ctx, c))
			}
		}
	}
}

const nothingImported = "after the routes: nothing of the others' among our own rows"

// cleanUp looks for the victim's texts in the attacker's rows, and deletes the attacker's rows
// with the victim's names: the attacks wrote them, and later attacks would take them for a
// leak.
func (e *examination) cleanUp(ctx context.Context) error {
	var named []string
	for _, value := range slices.Concat(e.victim.secrets, slices.Collect(maps.Values(e.nonexistent))) {
		named = append(named, containsText(value))
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, t := range e.tables {
			if t.View {
				continue
			}
			fromAttacker := " FROM " + t.SQL + " AS t WHERE t." + t.tenant() + " = " + uuidOf(e.attacker.ID) +
				" AND "
			var imported int
			if err := tx.NewRaw("SELECT count(*)"+fromAttacker+containsText(e.victim.marker)).
				Scan(ctx, &imported); err != nil {
				return err
			}
			reason := ""
			if imported > 0 {
				reason = fmt.Sprintf("%d rows hold %q of the other tenant", imported,
					e.victim.marker)
			}
			e.record(nothingImported, t.label(), reason)
			if _, err := tx.ExecContext(ctx, "DELETE"+fromAttacker+"("+strings.Join(named, " OR ")+
				")"); err != nil {
				return fmt.Errorf("%s: %w", t.label(), err)
			}
		}
		return nil
	})
}

// containsText returns the condition that the row's text contains value.
func containsText(value string) string {
	return "position(" + sqltext.Literal(value) + " IN t::text) > 0"
}

func (op operation) attackName() string { return "routes: " + op.group }

func (op operation) label() string { return op.method + " " + op.path }

// compareResponses sends the attack twice, after the victim has sent the same request: what that
// leaves in a cache or on a connection must not reach the attacker. It returns the breach.
func (e *examination) compareResponses(ctx context.Context, c crossTenantRequest) string {
	if c.request.method == http.MethodGet {
		e.send(ctx, e.victim, c.request)
	}
	var answers [2]response
	if c.resets {
		e.reset(ctx)
	}
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
	if c.resets {
		e.reset(ctx)
	}
	for _, a := range answers {
		control := e.send(ctx, e.attacker, *c.control)
		if a.isRateLimited() || control.isRateLimited() {
			continue // repeated attempts are limited for any value
		}
		got, want := a.normalized(c.value), control.normalized(c.nonexistent)
		if c.resets {
			got, want = withoutVersion(got), withoutVersion(want)
		}
		if got != want {
			return fmt.Sprintf("a value of the other tenant is answered with\n%s\n"+
				"a value that no tenant has with\n%s", got, want)
		}
	}
	return ""
}

// readOwn reads something that both sides have. It reports whether both saw their own.
func (e *examination) readOwn(ctx context.Context, op operation) bool {
	victims := e.send(ctx, e.victim, op.newRequest(e.victim.ID.String(), e.victimValue(op)))
	own := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
	reason := e.compareResponses(ctx, crossTenantRequest{request: own})
	if reason == "" && e.walls == BothWalls && !isReachable(victims.status) {
		reason = fmt.Sprintf("it answers its own tenant with %d, which proves nothing; if that is"+
			" intended, add it to Options.Skip: %s", victims.status, victims.body)
	}
	e.record(op.attackName(), op.label()+" for the attacker's own item", reason)
	return strings.Contains(victims.body, e.victim.marker) &&
		strings.Contains(e.send(ctx, e.attacker, own).body, e.attacker.marker)
}

// isReachable reports whether a route let its own tenant in, or is forbidden for every tenant.
func isReachable(status int) bool {
	return status < http.StatusMultipleChoices || status == http.StatusForbidden
}

// deleteOwn deletes an item of the attacker, for the sake of errors that mention dependent items,
// and writes it again.
func (e *examination) deleteOwn(ctx context.Context, op operation) {
	put, ok := e.findOperation(http.MethodPut, op.path)
	if !ok || len(op.itemParameters()) == 0 {
		return
	}
	value := e.attackerValue(op)
	restore := put.newRequest(e.attacker.ID.String(), value)
	restore.media, restore.body = put.media, e.bodyFor(ctx, put, value)
	e.record(op.attackName(), op.label()+" of the attacker's own item",
		e.compareResponses(ctx, crossTenantRequest{
			request: op.newRequest(e.attacker.ID.String(), value)}))
	restore.header["If-None-Match"] = "*" // unless it still exists
	e.send(ctx, e.attacker, restore)
}
