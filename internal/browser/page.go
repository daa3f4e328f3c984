package browser

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// actionLimit is how long one action may take, with the loading that follows it.
const actionLimit = time.Minute

// Options say what a page is seen with. The zero value is a window of 1280 × 800 pixels.
type Options struct {
	Width, Height int      // of the window, in CSS pixels at 100 %; defaults to 1280 × 800
	Mobile        bool     // a touch screen that honours the viewport meta element
	Dark          bool     // prefers-color-scheme: dark
	ReducedMotion bool     // prefers-reduced-motion: reduce
	ForcedColors  bool     // forced-colors: active, as in Windows' contrast themes
	Zoom          int      // in percent: 200 halves the viewport; defaults to 100
	TextSpacing   bool     // the distances of WCAG 1.4.12, which a reader may set
	ScriptsOff    bool     // the page's scripts don't run; Eval does
	Hosts         []string // host:port that the page may ask in addition to those of Goto
}

// Page is a tab in a browser context that shares no cookie, storage or cache with another page.
// Its methods fail the test when they can't do what they say. Use it from one goroutine.
type Page struct {
	t testing.TB
	*tab
}

// tab is what the copies of a Page share.
type tab struct {
	ctx     context.Context
	main    cdp.FrameID
	options Options
	watch   *watch
}

// tests bounds how many have pages open at the same time: a page takes about 100 MB.
var tests = newLimiter(4)

// Open opens an empty page, which is closed when t ends. It waits while four other tests have pages
// open, and is safe in parallel tests. It fails t if no Chromium starts.
func Open(t testing.TB, o Options) *Page {
	t.Helper()
	tests.acquire(t.Name())
	t.Cleanup(func() { tests.release(t.Name()) })
	p, err := sharedProcess(t.Context())
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	w := newWatch(o.Hosts)
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithNewBrowserContext(),
		chromedp.WithListener(w.event))
	dialogs := sync.WaitGroup{}
	t.Cleanup(func() { cancel(); dialogs.Wait() })
	page := &Page{t, &tab{ctx: ctx, options: o, watch: w}}
	if err := page.prepare(); err != nil {
		t.Fatalf("browser: open a page: %v", err)
	}
	dialogs.Go(func() { w.answerDialogs(ctx) })
	return page
}

// With returns the same page for a subtest: what fails, fails t.
func (p *Page) With(t testing.TB) *Page { return &Page{t, p.tab} }

// T returns the test that the page's failures fail.
func (p *Page) T() testing.TB { return p.t }

func (p *Page) prepare() error {
	// The first action's context is the tab's, so that it has no time limit.
	if err := chromedp.Do(p.ctx); err != nil {
		return err
	}
	p.main = cdp.FrameID(chromedp.FromContext(p.ctx).Target.TargetID)
	_, err := chromedp.Call(p.ctx, audits.Enable, cdp.Empty{})
	if err != nil {
		return err
	}
	// Otherwise only one page of all would have the keyboard.
	_, err = chromedp.Call(p.ctx, emulation.SetFocusEmulationEnabled,
		emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if err != nil {
		return err
	}
	return p.emulate(p.ctx)
}

// do runs an action within its limit, and fails the test with what it was about.
func (p *Page) do(what string, action func(ctx context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, actionLimit)
	defer cancel()
	if err := action(ctx); err != nil {
		p.t.Fatalf("browser: %s, at %s: %v", what, p.watch.location(), err)
	}
}

// get is do for an action that has a result.
func get[T any](p *Page, what string, action func(ctx context.Context) (T, error)) T {
	p.t.Helper()
	var result T
	p.do(what, func(ctx context.Context) (err error) {
		result, err = action(ctx)
		return err
	})
	return result
}

// Goto opens a URL and waits until it has loaded. The page may ask the URL's host from then on. It
// fails the test if no answer came; see [Page.Status] for what the answer was.
func (p *Page) Goto(address string) {
	p.t.Helper()
	p.do("go to "+address, func(ctx context.Context) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		p.watch.allow(u.Host)
		if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// Back goes back in the history and waits until the page has loaded.
func (p *Page) Back() {
	p.t.Helper()
	p.do("go back", func(ctx context.Context) error {
		if err := chromedp.Do(ctx, chromedp.NavigateBack()); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// URL returns the document's URL.
func (p *Page) URL() string {
	p.t.Helper()
	return get(p, "read the URL", func(ctx context.Context) (string, error) {
		return inWorld[string](ctx, p, `() => location.href`)
	})
}

// Title returns the document's title.
func (p *Page) Title() string {
	p.t.Helper()
	return get(p, "read the title", func(ctx context.Context) (string, error) {
		return inWorld[string](ctx, p, `() => document.title`)
	})
}

// Status returns the HTTP status of the document, or 0 if it came without HTTP.
func (p *Page) Status() int { return p.watch.documentStatus() }

// awaitNavigation waits until a navigation that an action began has ended, and prepares the new document.
func (p *Page) awaitNavigation(ctx context.Context) error {
	// The browser says that a navigation began before it answers what was asked after it.
	for range 2 {
		if err := p.tick(ctx); err != nil {
			return err
		}
		if err := p.watch.loaded(ctx, p.main); err != nil {
			return fmt.Errorf("wait until the page has loaded: %w", err)
		}
	}
	if !p.options.TextSpacing {
		return nil
	}
	_, err := inWorld[bool](ctx, p, spacingScript, spacing)
	return err
}
