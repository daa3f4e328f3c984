package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

const controls = `<a href="/a">First</a> <button id="b">Second</button>
<label>Third <input name="i"></label> <input type="hidden" name="h">
<fieldset><legend>Kind</legend><label><input type="radio" name="r" value="1"> One</label>
<label><input type="radio" name="r" value="2" checked> Two</label></fieldset>
<details><summary>More</summary><button>Closed away</button></details><button disabled>Off</button>`

func TestFocusWalkReachesAllInOrder(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, controls, "", "")
	p.Click("#b") // the walk begins at the page's beginning all the same
	for range 2 {
		w := p.FocusWalk()
		require.Equal(t, []string{"First", "Second", "Third", "Two", "More"}, w.Names())
		require.Empty(t, w.Faults())
	}
	p.RequireClean(t)
}

func TestFocusWalkWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{ScriptsOff: true}, controls, "", "")
	w := p.FocusWalk()
	require.Len(t, w.Stops, 5)
	require.Empty(t, w.Faults())
}

func TestFocusWalkPassesThePartsOfDates(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"date", "time", "datetime-local", "month", "week"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			date := `<label>When <input type="` + kind + `" step="0.001"></label>`
			for _, body := range []string{date + controls, controls + date} {
				p := open(t, browser.Options{}, body, "", "")
				w := p.FocusWalk()
				require.Len(t, w.Stops, 6)
				require.Empty(t, w.Faults())
			}
		})
	}
}

func TestFocusWalkFindsATrapInADate(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<button>One</button><input type="date" id="d" aria-label="When">`+
		`<button id="c">Two</button>`, "",
		`document.getElementById("d").addEventListener("keydown", e => e.preventDefault())`)
	require.Contains(t, p.FocusWalk().Faults(), "Tab doesn't get past input#d")
}

func TestFocusWalkFindsFaults(t *testing.T) {
	t.Parallel()
	const two = `<button id="a">One</button><button id="b">Two</button>`
	for name, c := range map[string]struct{ body, style, script, fault string }{
		"invisible focus": {two, "#b:focus { outline: none }", "",
			"button#b doesn't show that it has the focus"},
		"transparent focus": {two, "#b:focus { outline: 2px solid transparent }", "",
			"button#b doesn't show that it has the focus"},
		"covered": {two + `<p id="c">cover</p>`,
			"#c { position: fixed; inset: 0; background: #fff; margin: 0 }", "",
			"button#a has the focus, but is covered by p#c"},
		"outside": {two, "#b { position: fixed; left: -500px }", "",
			"button#b has the focus, but is outside of the window"},
		"unreachable": {two + `<button id="c" tabindex="-1">Three</button>`, "", "",
			"button#c isn't reached by Tab"},
		"no name": {two + `<button id="c"></button>`, "", "", "button#c has no name"},
		"trap": {two + `<button id="c">Three</button>`, "",
			`document.getElementById("c").addEventListener("keydown", e => {
				e.preventDefault(); document.getElementById("b").focus() })`,
			"Tab doesn't get past button#c"},
		"trap at the first": {two, "", `document.getElementById("a").addEventListener("keydown",
			e => e.preventDefault())`, "button#b isn't reached by Tab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, browser.Options{}, c.body, c.style, c.script)
			require.Contains(t, p.FocusWalk().Faults(), c.fault)
		})
	}
}

func TestFocusMayBeShownInSeveralWays(t *testing.T) {
	t.Parallel()
	for _, style := range []string{
		"box-shadow: 0 0 0 2px blue", "border-color: blue", "outline: 2px solid; transition: all 9s",
	} {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			p := open(t, browser.Options{}, `<button id="a">One</button>`,
				"#a:focus { outline: none } #a:focus { "+style+" }", "")
			require.Empty(t, p.FocusWalk().Faults())
		})
	}
}
