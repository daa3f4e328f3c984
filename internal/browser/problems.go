package browser

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// Problems returns what Chromium complained about since the page was opened: errors and warnings in
// the console, uncaught exceptions, violations of the content security policy, requests that failed
// and requests to hosts that the test didn't name. A document whose status is an error is none.
func (p *Page) Problems() []string {
	p.t.Helper()
	p.do("wait for complaints", p.tick)
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	return slices.Clone(p.watch.problems)
}

// RequireClean fails t if there are [Page.Problems].
func (p *Page) RequireClean(t testing.TB) {
	t.Helper()
	if problems := p.With(t).Problems(); len(problems) > 0 {
		t.Fatalf("browser: %s: Chromium complains:\n  %s", p.watch.location(),
			strings.Join(problems, "\n  "))
	}
}

// ForgetProblems makes [Page.Problems] begin anew, for a test that has caused some on purpose.
func (p *Page) ForgetProblems() {
	p.t.Helper()
	p.do("wait for complaints", p.tick)
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	p.watch.problems = nil
}

// Dialogs returns the texts of the dialogs that the page has shown. Each was accepted.
func (p *Page) Dialogs() []string {
	p.t.Helper()
	p.do("wait for dialogs", func(ctx context.Context) error { return p.tick(ctx) })
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	return slices.Clone(p.watch.dialogs)
}
