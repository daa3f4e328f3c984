package browser_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

func TestKeysMoveTheFocusAndType(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<form action="/go"><label>Name <input name="n"></label>
		<label>Kind <select id="k"><option>a<option>b</select></label>
		<label><input type="checkbox" id="c"> Sure</label><button>Send</button></form>`, "", "")
	require.Equal(t, "body", p.ActiveElement().Tag)
	p.Press("Tab")
	require.Equal(t, `input, textbox "Name"`, p.ActiveElement().String())
	p.Type("x+ü")
	p.Press("Backspace", "y", "Tab", "ArrowDown", "Tab", "Space")
	require.Equal(t, "x+y", p.Value("[name=n]"))
	require.Equal(t, "b", p.Value("#k"))
	require.True(t, browser.Eval[bool](p, `document.querySelector("#c").checked`))
	p.Press("Shift+Tab", "Shift+Tab", "Control+a", "z", "Enter")
	require.Contains(t, p.URL(), "/go?n=z")
}

func TestActionsFailWhenAPersonCouldNotDoThem(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<button id="covered">b</button><p id="cover">c</p>
		<button id="hidden" hidden>b</button><button id="off" disabled>b</button>
		<input id="locked" readonly><form id="f"><input name="n" required></form>
		<select id="s"><option>a</select>`,
		"#covered, #cover { position: fixed; top: 200px; left: 0 } #cover { inset: 100px 0 }", "")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, action := range map[string]func(p *browser.Page){
		"isn't visible":      func(p *browser.Page) { p.Click("#hidden") },
		"is disabled":        func(p *browser.Page) { p.Click("#off") },
		"covered by p#cover": func(p *browser.Page) { p.Click("#covered") },
		"no element #none":   func(p *browser.Page) { p.Text("#none") },
		"can't be written":   func(p *browser.Page) { p.Fill("#locked", "x") },
		"refuses the form":   func(p *browser.Page) { p.Submit("#f") },
		"has no option b":    func(p *browser.Page) { p.Select("#s", "b") },
		"no key":             func(p *browser.Page) { p.Press("Hyper") },
	} {
		require.Contains(t, failure(t, p, action), name)
	}
	require.Contains(t, failure(t, p, func(p *browser.Page) { p.Goto(closed.URL) }), "ERR_CONNECTION")
}

// failure returns the text with which action fails its test, or nothing.
func failure(t *testing.T, p *browser.Page, action func(p *browser.Page)) string {
	t.Helper()
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		action(p.With(f))
	}()
	<-done
	return f.text
}

func TestLinksAndFormsAreListed(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<a href="b?c" rel="next">B</a><a>none</a>
		<form id="f" method="post" action="/save"><input type="hidden" name="token" value="t">
		<select name="kind"><option value="1">One</select><button>Go</button></form>`, "", "")
	base := p.URL()
	require.Equal(t, []browser.Link{{URL: base + "b?c", Text: "B", Rel: "next"}}, p.Links())
	require.Equal(t, []browser.Form{{ID: "f", Action: base + "save", Method: "POST",
		Enctype: "application/x-www-form-urlencoded", Fields: []browser.Field{
			{Name: "token", Type: "hidden", Value: "t"},
			{Name: "kind", Type: "select-one", Value: "1", Options: []string{"1"}}}}}, p.Forms())
}

func TestFieldErrorsNeedAVisibleText(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<label>A <input name="a" aria-invalid="true" aria-describedby="ea">
		</label><p id="ea">is missing</p><input name="b" aria-invalid="true">
		<input name="c" aria-invalid="true" aria-describedby="none"><input name="ok">
		<input name="d" aria-invalid="true" aria-describedby="ed"><p id="ed"></p>
		<input name="e" aria-invalid="true" aria-describedby="ee"><p id="ee" hidden>hidden</p>`, "", "")
	require.Equal(t, []browser.FieldError{
		{Field: "a", Label: "A", Text: "is missing"},
		{Field: "b", Fault: "has no aria-describedby"},
		{Field: "c", Fault: "aria-describedby names no element: none"},
		{Field: "d", Fault: "aria-describedby names no visible text"},
		{Field: "e", Fault: "aria-describedby names no visible text"},
	}, p.FieldErrors())
}

func TestPageIsEmulated(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{Width: 640, Height: 480, Zoom: 200, Dark: true, ReducedMotion: true,
		ForcedColors: true}, "", "", "")
	for _, expression := range []string{"innerWidth === 320", "innerHeight === 240",
		"devicePixelRatio === 2", `matchMedia("(prefers-color-scheme: dark)").matches`,
		`matchMedia("(prefers-reduced-motion: reduce)").matches`,
		`matchMedia("(forced-colors: active)").matches`} {
		require.True(t, browser.Eval[bool](p, expression), expression)
	}
	p.Emulate(browser.Options{Mobile: true})
	for _, expression := range []string{"innerWidth === 1280",
		`matchMedia("(prefers-color-scheme: light)").matches`, `matchMedia("(pointer: coarse)").matches`} {
		require.True(t, browser.Eval[bool](p, expression), expression)
	}
}

func TestScriptsOffLeavesOnlyTheTestsOwn(t *testing.T) {
	t.Parallel()
	const body = `<p id="p">plain</p><noscript>without</noscript>`
	const script = `document.getElementById("p").textContent = "scripted"`
	p := open(t, browser.Options{ScriptsOff: true}, body, "", script)
	require.Equal(t, "plain", p.Text("#p"))
	require.Equal(t, "without", p.Text("noscript"))
	require.Equal(t, 2, browser.Eval[int](p, "1 + 1"))
	p.Axe() // turns scripts on for a moment
	require.Equal(t, "plain", p.Text("#p"))
	p.Emulate(browser.Options{})
	p.Goto(p.URL())
	p.WaitFor(`document.getElementById("p").textContent === "scripted"`)
	require.Equal(t, 3, browser.Eval[int](p, "Promise.resolve(3)"))
}

func TestPagesShareNoCookies(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>t</title><p>" + r.Header.Get("Cookie")))
	}))
	t.Cleanup(server.Close)
	one, two := browser.Open(t, browser.Options{}), browser.Open(t, browser.Options{})
	one.SetCookie(browser.Cookie{URL: server.URL, Name: "session", Value: "s", HTTPOnly: true})
	one.Goto(server.URL)
	two.Goto(server.URL)
	require.Equal(t, "session=s", one.Text("p"))
	require.Empty(t, two.Text("p"))
	require.Empty(t, browser.Eval[string](one, "document.cookie"))
}

func TestScreenshotHasTheWholePage(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{Width: 300, Height: 200}, `<p id="p">x</p>`, "#p { height: 900px }", "")
	path := filepath.Join(t.TempDir(), "page.png")
	p.Screenshot(path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, 300, picture.Bounds().Dx())
	require.Greater(t, picture.Bounds().Dy(), 900)
}
