package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// WCAG are the tags of axe-core's rules for WCAG 2.2, levels A and AA.
var WCAG = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"}

// BestPractice is the tag of axe-core's rules that no standard demands.
const BestPractice = "best-practice"

// Violation is a rule of axe-core that a page breaks.
type Violation struct {
	ID, Impact, Help string
	Targets          []string // selectors of the elements
	Summary          string   // how to mend them
}

// String says what is wrong where.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s: %s", v.ID, v.Impact, v.Help, strings.Join(v.Targets, ", "))
}

// Axe checks the page with the axe-core that is part of Chromium's DevTools, by the rules that have
// one of tags, by default those of [WCAG]. The content security policy doesn't hinder it, and what
// Chromium complains about meanwhile isn't a problem of the page.
func (p *Page) Axe(tags ...string) []Violation {
	p.t.Helper()
	if len(tags) == 0 {
		tags = slices.Clone(WCAG)
	}
	return p.axe(rules{"tag", tags})
}

// AxeColors checks what [Page.Axe] does, by the rules alone that depend on colours: for a page
// that was checked by all of them and has changed its colours since.
func (p *Page) AxeColors() []Violation {
	p.t.Helper()
	return p.axe(rules{"rule", []string{"color-contrast", "link-in-text-block"}})
}

// rules choose rules of axe-core.
type rules struct {
	Type   string   `json:"type"` // of the values: tag or rule
	Values []string `json:"values"`
}

func (p *Page) axe(chosen rules) []Violation {
	p.t.Helper()
	defer p.watch.mute()()
	return get(p, "check with axe-core", func(ctx context.Context) (found []Violation, err error) {
		source, err := axeSource(p.ctx)
		if err != nil {
			return nil, err
		}
		err = p.withScripts(ctx, func() error {
			found, err = p.runAxe(ctx, source, chosen)
			return errors.Join(err, p.tick(ctx))
		})
		return found, err
	})
}

// axeRun calls axe-core. Loading style sheets again would be requests of the page.
const axeRun = `axe.run(document, {preload: false, iframes: false, resultTypes: ["violations"],
	runOnly: %s}).then(r => r.violations.map(v => ({
		ID: v.id, Impact: v.impact || "", Help: v.help,
		Targets: v.nodes.map(n => n.target.join(" ")),
		Summary: v.nodes.map(n => n.failureSummary).join("\n"),
	})))`

func (p *Page) runAxe(ctx context.Context, source string, chosen rules) ([]Violation, error) {
	world, err := p.world(ctx)
	if err != nil {
		return nil, err
	}
	inside := func(params *runtime.EvaluateParams) { params.ContextID = world }
	loaded, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`typeof axe === "object"`, inside))
	if err != nil {
		return nil, err
	}
	if !loaded {
		err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](source+";0", inside))
		if err != nil {
			return nil, err
		}
	}
	only, err := json.Marshal(chosen)
	if err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.Evaluate[[]Violation](fmt.Sprintf(axeRun, only), inside,
		chromedp.EvalAwaitPromise))
}

// axe is the source of axe-core, which is read once.
var axe struct {
	sync.Mutex
	source string
}

// axeBundle is the file of DevTools that contains axe-core, as a template literal.
const axeBundle = "devtools://devtools/bundled/third_party/lighthouse/lighthouse-dt-bundle.js"

// axeSource reads axe-core in a separate page of the browser that ctx belongs to.
func axeSource(ctx context.Context) (string, error) {
	axe.Lock()
	defer axe.Unlock()
	if axe.source != "" {
		return axe.source, nil
	}
	ctx, closePage := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	defer closePage()
	if err := chromedp.Do(ctx); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, actionLimit)
	defer cancel()
	literal, err := readAxe(ctx)
	if err != nil {
		return "", fmt.Errorf("read axe-core from Chromium's DevTools: %w", err)
	}
	axe.source, err = chromedp.Run(ctx, chromedp.Evaluate[string](literal))
	return axe.source, err
}

func readAxe(ctx context.Context) (string, error) {
	if err := chromedp.Do(ctx, chromedp.Navigate(axeBundle)); err != nil {
		return "", err
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`(t => t.slice(Math.max(0, t.indexOf("`+"`/*! axe v"+`"))))(document.documentElement.textContent)`))
	if err != nil {
		return "", err
	}
	literal, found := templateLiteral(text)
	if !found {
		return "", errors.New("this Chromium's has none; another one may (see BROWSER)")
	}
	return literal, chromedp.Do(ctx, chromedp.Navigate("about:blank"))
}

// templateLiteral returns the literal of JavaScript that text begins with.
func templateLiteral(text string) (literal string, found bool) {
	if !strings.HasPrefix(text, "`") {
		return "", false
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '`':
			return text[:i+1], true
		}
	}
	return "", false
}
