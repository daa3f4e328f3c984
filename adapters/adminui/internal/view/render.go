package view

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"time"
)

//go:embed templates assets
var files embed.FS

// partials are the templates that others use.
const partials = "templates/partial/*.html"

// pages are the parsed templates by their names, each with the layout and the partials.
var pages = parse()

func parse() map[string]*template.Template {
	base := template.Must(template.New("").Funcs(functions).ParseFS(files, partials))
	parsed := map[string]*template.Template{}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic("view: " + err.Error())
	}
	for _, name := range names {
		t := template.Must(template.Must(base.Clone()).ParseFS(files, name))
		parsed[path.Base(name)] = t
	}
	return parsed
}

// functions are what the templates call.
var functions = template.FuncMap{
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"short":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	"exact":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000 UTC") },
	"words":   func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	"plural":  Plural,
	"grouped": groupedAny,
}

// Plural returns the number with the word: "1 item", "2 items".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// grouped returns the number with a thin space between each three digits.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), "\u202f")
}

// Counted returns the number for people, with a plus if there are more.
func Counted(n int64, more bool) string {
	if more {
		return grouped(n) + "+"
	}
	return grouped(n)
}

// Render returns the HTML of a page.
func Render(m Model) ([]byte, error) {
	t, ok := pages[m.Template()]
	if !ok {
		return nil, fmt.Errorf("view: no template %q", m.Template())
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "layout", m); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Asset is a file that pages load.
type Asset struct {
	Name  string // as in its path: it changes with the content, so that it can be cached for ever
	Media string
	Body  []byte
}

// The files that pages load.
var (
	Style  = asset("style.css", "text/css; charset=utf-8")
	Script = asset("script.js", "text/javascript; charset=utf-8")
	Icon   = asset("icon.svg", "image/svg+xml")
)

func asset(name, media string) Asset {
	body, err := files.ReadFile("assets/" + name)
	if err != nil {
		panic("view: " + err.Error())
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	return Asset{stem + "." + hex.EncodeToString(sum[:6]) + ext, media, body}
}

// groupedAny is grouped for the types that the models have.
func groupedAny(n any) string {
	switch n := n.(type) {
	case int:
		return grouped(int64(n))
	case int64:
		return grouped(n)
	case *int64:
		return grouped(*n)
	}
	return fmt.Sprint(n)
}
