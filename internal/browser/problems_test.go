package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

func TestProblemsAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, script, problem string }{
		"inline script":    {`<script>window.ran = 1</script>`, "", "script-src-elem"},
		"inline handler":   {`<button onclick="x()">b</button>`, "", "script-src-attr"},
		"inline style":     {`<p style="color: red">p</p>`, "", "style-src-attr"},
		"HTML from text":   {"", `document.body.innerHTML = "<b>x</b>"`, "require-trusted-types-for"},
		"console.error":    {"", `console.error("bad", {a: 1}, 7)`, "console: error: bad Object 7"},
		"console.warn":     {"", `console.warn("odd")`, "console: warning: odd"},
		"exception":        {"", `throw new Error("lost")`, "Error: lost"},
		"rejected promise": {"", `Promise.reject(new Error("lost"))`, "Error: lost"},
		"missing picture":  {`<img alt="" src="/none.png">`, "", "/none.png: status 404"},
		"other host":       {`<img alt="" src="http://example.com/x.png">`, "", "example.com"},
		"host unreachable": {"", `fetch("http://127.0.0.1:1/")`, "connect-src"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, browser.Options{}, c.body, "", c.script)
			require.Contains(t, strings.Join(p.Problems(), "\n"), c.problem)
			require.Contains(t, failure(t, p, requireClean), c.problem)
			p.ForgetProblems()
			p.RequireClean(t)
		})
	}
}

func requireClean(p *browser.Page) { p.RequireClean(p.T()) }

func TestNoRequestLeavesTheMachine(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>t</title><img src="http://example.com/x.png">`))
	})
	p := openSite(t, browser.Options{}, handler)
	problems := strings.Join(p.Problems(), "\n")
	require.Contains(t, problems, "request to another host: http://example.com/x.png")
	require.Contains(t, problems, "ERR_NAME_NOT_RESOLVED")
}

func TestPageThatIsNotFoundIsNoProblem(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<a href="/none">none</a>`, "", "")
	p.Click("a")
	require.Equal(t, http.StatusNotFound, p.Status())
	p.RequireClean(t)
}

func TestDialogsAreAccepted(t *testing.T) {
	t.Parallel()
	p := open(t, browser.Options{}, `<button>b</button><p>no</p>`, "",
		`document.querySelector("button").addEventListener("click", () => {
			document.querySelector("p").textContent = confirm("Delete?") })`)
	p.Click("button")
	require.Equal(t, []string{"Delete?"}, p.Dialogs())
	require.Equal(t, "true", p.Text("p"))
}
