package admintest

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/browser"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// root is the repository's folder.
const root = "../../.."

// mostPicture is how large the picture in README may be.
const mostPicture = 60 << 10

// TestScreenshot takes the picture in README. The variable SCREENSHOT says where it is written
// to, from the root of the repository.
func TestScreenshot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "overview.png")
	if name := os.Getenv("SCREENSHOT"); name != "" {
		path = filepath.Join(root, name)
	}
	s := harness.ServeOn(t, migratedDatabase(t))
	ada := workplace(t, s)
	p := browser.Open(t, browser.Options{Width: 1100, Height: 640})
	p.SetCookie(ada)
	p.Goto(s.URL + "/admin/t/production/")
	p.Screenshot(path)
	shrink(t, path, image.Rect(0, 0, 1100, 660))
	p.RequireClean(t)
	picture, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, picture.Size(), int64(mostPicture))
	require.Greater(t, picture.Size(), int64(mostPicture/10), "the page is empty")
}

// shrink cuts a picture out of the one at path, with as few colours as a page of text needs.
func shrink(t *testing.T, path string, part image.Rectangle) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	whole, err := png.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	small := image.NewPaletted(part, paletteOf(whole, 64))
	draw.Draw(small, part, whole, part.Min, draw.Src)
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(t, encoder.Encode(&b, small))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

// paletteOf returns the colours that a picture has most of.
func paletteOf(whole image.Image, most int) color.Palette {
	counts := map[color.Color]int{}
	for y := whole.Bounds().Min.Y; y < whole.Bounds().Max.Y; y++ {
		for x := whole.Bounds().Min.X; x < whole.Bounds().Max.X; x++ {
			counts[whole.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	return colours[:min(most, len(colours))]
}

// workplace fills a registry with what a small company has, and signs in one of its people.
func workplace(t *testing.T, s *harness.Server) browser.Cookie {
	t.Helper()
	send := func(c harness.Caller, method, path string, body any) harness.Response {
		got := c.Send(t, method, path, body)
		require.Less(t, got.Status, http.StatusBadRequest, "%s: %s", path, got.Body)
		return got
	}
	user := id(t, send(s.Platform(), http.MethodPost, "/api/v1/users", map[string]any{
		"email": "ada@example.com", "name": "Ada Lovelace", "password": seed.Password}))
	for _, slug := range []string{"staging", "production"} {
		send(s.Platform(), http.MethodPost, "/api/v1/tenants", map[string]any{"slug": slug,
			"name":   map[string]string{"staging": "Staging", "production": "Production"}[slug],
			"quotas": map[string]any{"resources": map[string]int{"agent": 500, "prompt": 200}}})
		send(s.Platform(), http.MethodPut, "/api/v1/tenants/"+slug+"/members/"+user,
			map[string]any{"role": tenancy.Admin})
	}
	cookie, err := http.ParseSetCookie(send(harness.Caller{Server: s}, http.MethodPost,
		"/api/v1/sessions", map[string]string{"email": "ada@example.com",
			"password": seed.Password}).Header.Get("Set-Cookie"))
	require.NoError(t, err)
	fillWorkplace(t, s, cookie)
	return browser.Cookie{URL: s.URL, Name: cookie.Name, Value: cookie.Value, HTTPOnly: true}
}

// fillWorkplace writes as the person.
func fillWorkplace(t *testing.T, s *harness.Server, cookie *http.Cookie) {
	t.Helper()
	c := harness.Caller{Server: s, Tenant: "production"}
	put := func(kind, name string, spec map[string]any) {
		got := c.Send(t, http.MethodPut, harness.Resource(kind, name), map[string]any{"spec": spec},
			"Cookie", cookie.Name+"="+cookie.Value, "Origin", s.URL, "Sec-Fetch-Site", "same-origin")
		require.Equal(t, http.StatusCreated, got.Status, "%s: %s", name, got.Body)
	}
	put("model_config", "fast", map[string]any{"provider": "openai", "model": "small"})
	put("model_config", "careful", map[string]any{"provider": "openai", "model": "large"})
	const works = "Works on what customers send."
	put("agent", agent, map[string]any{"description": works})
	for kind, most := range map[string]int{"prompt": 37, "mcp_server": 9, "trust_rule": 14,
		"trigger": 6, "context_config": 4} {
		for i := range most {
			name := strings.ReplaceAll(kind, "_", "-")
			put(kind, fmt.Sprintf("%s-%02d", name, i+1), specOf(kind))
		}
	}
	for _, name := range []string{"summarize-incidents", "answer-billing", "label-issues",
		"translate-docs", "find-duplicates", "review-changes"} {
		put("agent", name, map[string]any{"description": works})
	}
}

// agent is what others refer to.
const agent = "triage-reports"

func specOf(kind string) map[string]any {
	return map[string]map[string]any{
		"prompt":     {"template": "Summarize {text}."},
		"mcp_server": {"version": "1.0.0"},
		"trust_rule": {"effect": "allow", "action": "read",
			"subject": map[string]any{"kind": "agent", "name": agent}},
		"trigger":        {"type": "schedule", "schedule": "0 3 * * *", "agent": agent},
		"context_config": {"agent": agent},
	}[kind]
}

func id(t *testing.T, got harness.Response) string {
	t.Helper()
	return harness.Decode[struct{ ID string }](t, got).ID
}
