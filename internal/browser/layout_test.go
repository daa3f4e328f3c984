package browser_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

func TestLayoutFindsFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, style, fault string }{
		"document too wide": {`<p id="w">wide</p>`, "#w { width: 900px }", "the document is"},
		"element out":       {`<p id="w">wide</p>`, "#w { width: 900px }", "p#w sticks out"},
		"element out to the left": {`<p id="w">left</p>`,
			"#w { margin-left: -60px }", "p#w sticks out"},
		"overlap": {`<button id="a">One one</button><button id="b">Two two</button>`,
			"button { height: 40px } #b { margin-left: -20px }", "button#a and button#b overlap"},
		"too small": {`<button id="a">x</button><button id="b">y</button>`,
			"button { padding: 0; border: 0; width: 12px; height: 12px; margin: 0 }",
			"button#a is 12 × 12 px, less than 24, and near button#b"},
		"cut off": {`<p id="c">a long text that has no place</p>`,
			"#c { width: 60px; overflow: hidden; white-space: nowrap }", "p#c cuts its text off"},
		"cut off at the bottom": {`<p id="c">a long text that has no place at all in here</p>`,
			"#c { width: 90px; height: 1em; overflow: hidden }", "p#c cuts its text off"},
		"no label": {`<input id="i">`, "", "input#i has no label"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, browser.Options{Width: 400}, c.body, c.style, "")
			require.Contains(t, strings.Join(p.Layout(), "\n"), c.fault)
		})
	}
}

// rightLayout looks like the faults, but is none.
const rightLayout = `<div id="scrolls"><p id="w">a wide table</p></div>
<p>A sentence with <a href="/a">a link</a> and <a href="/b">another one</a>.</p>
<a class="skip" href="#x">Skip</a><span class="unseen">for screen readers only</span>
<button id="a">x</button> <button id="b">y</button>
<p id="c" title="a long text that has no place">a long text that has no place</p>
<label>Name <input name="n"></label><label><input type="checkbox" name="c"> Check</label>
<dialog>closed <button>Close</button></dialog><details><summary>More</summary><button>In</button></details>`

const rightStyle = `#scrolls { overflow-x: auto } #w { width: 900px }
.skip { position: absolute; left: -9999px }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; white-space: nowrap }
#a, #b { padding: 0; border: 0; width: 20px; height: 20px; margin: 10px }
#c { width: 60px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }
label { display: block; min-height: 24px } summary { line-height: 24px }`

func TestLayoutIsRight(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{Width: 320, Mobile: true}, rightLayout, rightStyle, "")
	require.Empty(t, p.Layout())
}

func TestLayoutSeesZoomAndTextSpacing(t *testing.T) {
	t.Parallel()
	const style = "#w { width: 500px } #s { width: 115px; overflow: hidden; white-space: nowrap }"
	p := open(t, browser.Options{}, `<p id="w">half</p><p id="s">Twelve lettersx</p>`, style, "")
	require.Empty(t, p.Layout())
	p.Emulate(browser.Options{Zoom: 300})
	require.Contains(t, strings.Join(p.Layout(), "\n"), "p#w sticks out")
	for _, off := range []bool{false, true} {
		p.Emulate(browser.Options{TextSpacing: true, ScriptsOff: off})
		p.Goto(p.URL())
		require.Contains(t, strings.Join(p.Layout(), "\n"), "p#s cuts its text off")
	}
	p.RequireClean(t)
}
