package browser_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// echo answers a form with what was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		text := fmt.Sprint(r.PostFormValue("name"), ",", r.PostFormValue("kind"))
		if file, header, err := r.FormFile("file"); err == nil {
			defer file.Close()
			text += "," + header.Filename
		}
		http.Redirect(w, r, "/?"+url.Values{"sent": {text}}.Encode(), http.StatusSeeOther)
		return
	}
	site{"/": document(`<p id="sent">` + html.EscapeString(r.FormValue("sent")) + `</p>
<form id="f" method="post" enctype="multipart/form-data"><label>Name <input name="name" value="old" required></label>
<label>Kind <select name="kind"><option value="a">Agent</option><option value="b">Bot</option></select></label>
<label>File <input type="file" name="file"></label><label>Date <input type="date" name="day"></label>
<button id="go">Send</button></form><a href="/other">Other</a>`),
		"/other": document("other"), "/style.css": "", "/script.js": ""}.ServeHTTP(w, r)
}

func TestFormIsFilledAndSent(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		t.Run(fmt.Sprint("scripts off ", off), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "bundle.json")
			require.NoError(t, os.WriteFile(file, []byte("{}"), 0o600))
			p := openSite(t, browser.Options{ScriptsOff: off}, http.HandlerFunc(echo))
			p.Fill("[name=name]", "Ünï <b>")
			p.Fill("[name=day]", "2026-02-03")
			require.Equal(t, "2026-02-03", p.Value("[name=day]"))
			p.Select("[name=kind]", "Bot")
			p.Upload("[name=file]", file)
			p.Click("#go")
			require.Equal(t, "Ünï <b>,b,bundle.json", p.Text("#sent"))
			require.Equal(t, http.StatusOK, p.Status())

			p.Fill("[name=name]", "second")
			p.Submit("#f")
			require.Equal(t, "second,a", p.Text("#sent"))
			p.Click("a")
			require.Contains(t, p.URL(), "/other")
			p.Back()
			require.True(t, p.Exists("#f"))
			require.Equal(t, "Page", p.Title())
			p.RequireClean(t)
		})
	}
}
