package browser

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed elements.js
var elementsJS string

// script calls a function of elements.js.
func script[T any](ctx context.Context, p *Page, function string, args ...any) (T, error) {
	return inWorld[T](ctx, p,
		"(...args) => { "+elementsJS+"; return bailiwick."+function+"(...args) }", args...)
}

// Text returns the text of the first element that sel selects, as it is rendered.
func (p *Page) Text(sel string) string {
	p.t.Helper()
	return p.property(sel, "innerText")
}

// HTML returns the first element that sel selects as HTML.
func (p *Page) HTML(sel string) string {
	p.t.Helper()
	return p.property(sel, "outerHTML")
}

// Value returns what the first field that sel selects contains.
func (p *Page) Value(sel string) string {
	p.t.Helper()
	return p.property(sel, "value")
}

func (p *Page) property(sel, name string) string {
	p.t.Helper()
	return get(p, "read "+name+" of "+sel, func(ctx context.Context) (string, error) {
		function := "(...args) => { " + elementsJS + "; return String(bailiwick.find(args[0])[args[1]]) }"
		return inWorld[string](ctx, p, function, sel, name)
	})
}

// Count returns how many elements sel selects.
func (p *Page) Count(sel string) int {
	p.t.Helper()
	return get(p, "count "+sel, func(ctx context.Context) (int, error) {
		return inWorld[int](ctx, p, `sel => document.querySelectorAll(sel).length`, sel)
	})
}

// Exists reports whether sel selects an element.
func (p *Page) Exists(sel string) bool {
	p.t.Helper()
	return p.Count(sel) > 0
}

// Visible reports whether the first element that sel selects is rendered.
func (p *Page) Visible(sel string) bool {
	p.t.Helper()
	return get(p, "look for "+sel, func(ctx context.Context) (bool, error) {
		return inWorld[bool](ctx, p,
			`sel => !!document.querySelector(sel)?.checkVisibility({visibilityProperty: true})`, sel)
	})
}

// Click scrolls to the first element that sel selects, clicks it with the mouse, and waits for the
// navigation that follows, if one does. It fails the test if the element is hidden, disabled or
// covered.
func (p *Page) Click(sel string) {
	p.t.Helper()
	p.do("click "+sel, func(ctx context.Context) error {
		at, err := script[struct{ X, Y float64 }](ctx, p, "point", sel)
		if err != nil {
			return err
		}
		if err := chromedp.Do(ctx, chromedp.MouseClickXY(at.X, at.Y)); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// Fill replaces what a field contains with text, as if it was typed.
func (p *Page) Fill(sel, text string) {
	p.t.Helper()
	p.do("fill "+sel, func(ctx context.Context) error {
		if _, err := script[bool](ctx, p, "startFill", sel); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		if err != nil {
			return err
		}
		_, err = script[bool](ctx, p, "endFill", sel, text)
		return err
	})
}

// Select chooses an option of a select element by its value or its label.
func (p *Page) Select(sel, option string) {
	p.t.Helper()
	p.do(fmt.Sprintf("select %q of %s", option, sel), func(ctx context.Context) error {
		if _, err := script[bool](ctx, p, "choose", sel, option); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// Submit submits the form that sel selects or is in, and waits for the navigation that follows. It
// fails the test if the browser refuses what the fields contain.
func (p *Page) Submit(sel string) {
	p.t.Helper()
	p.do("submit "+sel, func(ctx context.Context) error {
		if _, err := script[bool](ctx, p, "submit", sel); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// Upload puts files into an input of type file. In a container, Chromium sees only those below the
// system's folder for temporary files, as t.TempDir is.
func (p *Page) Upload(sel string, paths ...string) {
	p.t.Helper()
	p.do("upload to "+sel, func(ctx context.Context) error {
		for i, path := range paths {
			absolute, err := filepath.Abs(path)
			if err != nil {
				return err
			}
			if _, err := os.Stat(absolute); err != nil {
				return err
			}
			paths[i] = absolute
		}
		id, err := p.element(ctx, fmt.Sprintf("document.querySelector(%q)", sel))
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, dom.SetFileInputFiles,
			dom.SetFileInputFilesParams{Files: paths, ObjectID: runtime.RemoteObjectID(id)})
		if err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// Cookie is what a server would set.
type Cookie struct {
	URL, Name, Value string // URL is that of a page which gets it
	HTTPOnly         bool
}

// SetCookie stores a cookie.
func (p *Page) SetCookie(c Cookie) {
	p.t.Helper()
	p.do("set cookie "+c.Name, func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{
			URL: c.URL, Name: c.Name, Value: c.Value, HTTPOnly: &c.HTTPOnly,
			SameSite: network.CookieSameSiteLax, Path: "/"})
		return err
	})
}

// Screenshot writes the whole page to a PNG file.
func (p *Page) Screenshot(path string) {
	p.t.Helper()
	p.do("screenshot", func(ctx context.Context) error {
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			return err
		}
		return os.WriteFile(path, png, 0o600)
	})
}
