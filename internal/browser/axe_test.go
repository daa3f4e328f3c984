package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

func ids(violations []browser.Violation) []string {
	var all []string
	for _, v := range violations {
		all = append(all, v.ID)
	}
	return all
}

// axeFaults breaks one rule of each kind: of the document, of an element, of its style.
const axeFaults = `<img src="/x.svg"><input id="q"><button id="b"></button>` +
	`<p class="pale">pale</p>`

func TestAxeFindsPlantedFaultsUnderAStrictPolicy(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		o := browser.Options{ScriptsOff: off}
		p := openSite(t, o, site{"/": document(axeFaults), "/script.js": "",
			"/style.css": ".pale { color: #ccc; background: #fff }",
			"/x.svg":     `<svg xmlns="http://www.w3.org/2000/svg"/>`})
		p.ForgetProblems() // the picture is sent as HTML
		require.ElementsMatch(t, []string{"image-alt", "label", "button-name", "color-contrast",
			"target-size"},
			ids(p.Axe()))
		require.Contains(t, p.Axe()[0].String(), "#b")
		p.RequireClean(t)
	}
}

func TestAxeFindsNothingInARightPage(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<p>text</p>`, "", "")
	require.Empty(t, p.Axe(append(browser.WCAG, browser.BestPractice)...))
	p.RequireClean(t)
}

func TestAxeKnowsBestPractices(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<h4>skips levels</h4>`, "", "")
	require.Empty(t, p.Axe())
	require.Contains(t, ids(p.Axe(browser.BestPractice)), "heading-order")
}
