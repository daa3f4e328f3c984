package admintest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/walk"
	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// looks are what every page is seen with.
var looks = []struct {
	name    string
	options browser.Options
}{
	{"light", browser.Options{}},
	{"dark", browser.Options{Dark: true}},
	{"phone", browser.Options{Width: 390, Height: 844, Mobile: true}},
}

// strains are what each kind of page is seen with in addition.
var strains = []struct {
	name    string
	options browser.Options
}{
	{"320 px", browser.Options{Width: 320, Height: 640}},
	{"200 %", browser.Options{Zoom: 200}},
	{"reduced motion", browser.Options{ReducedMotion: true}},
	{"forced colours", browser.Options{ForcedColors: true}},
	{"text spacing", browser.Options{TextSpacing: true}}, // until the next page, so it is last
}

// TestPagesAreAccessible looks at each page of each person in Chromium. Where the pages of two
// differ in texts only, one is looked at thoroughly.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	known := &structures{known: map[string]bool{}}
	for name, world := range map[string]func(*testing.T) *seed.World{
		"tenancy on": multiTenant, "tenancy off": singleTenant,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			people := []string{seed.Admin, seed.SuperAdmin, seed.Viewer, seed.Editor}
			if !thorough {
				people = people[2:3]
			}
			for _, person := range people {
				lookAs(t, w, person, known)
			}
		})
	}
}

// structures are those of the pages that have been looked at.
type structures struct {
	mu    sync.Mutex
	known map[string]bool
}

// isNew reports whether it wasn't called with this before.
func (s *structures) isNew(structure string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.known[structure]
	s.known[structure] = true
	return !old
}

// lookAs looks at each page that a person sees, one of those that differ in texts only: with all
// looks if it is the first of its kind and none has the same structure, else with one look.
func lookAs(t *testing.T, w *seed.World, person string, known *structures) {
	t.Helper()
	pages := pagesOf(t, w, person)
	begun, counts := time.Now(), map[string]int{}
	p := openAs(t, w, person, looks[0].options)
	for i, page := range pages {
		kind := pattern(page.Shape)
		isNewFrame, isNewKind := known.isNew(page.Frame), known.isNew(kind)
		isNewContent := known.isNew(page.Content)
		thorough := isNewFrame || isNewKind && isNewContent
		if isNew := known.isNew(kind + page.Content); !isNew && !thorough {
			continue
		}
		if thorough {
			lookThoroughly(t, p, w, person, page.Path)
			counts["looks"] += len(looks)
			counts["strains"]++
			continue
		}
		look := looks[i%len(looks)]
		lookAt(t, p, w, person, page.Path, look.name, look.options)
		counts["looks"]++
	}
	t.Logf("%s: %d different pages, %d looks with axe-core, %d pages with strains and the keyboard,"+
		" in %v", person, len(pages), counts["looks"], counts["strains"],
		time.Since(begun).Round(time.Second))
}

// lookAt checks a page with one look.
func lookAt(
	t *testing.T, p *browser.Page, w *seed.World, person, path, look string, o browser.Options,
) {
	t.Helper()
	p.Emulate(o)
	p.Goto(w.Server.URL + path)
	if p.Status() != http.StatusOK {
		t.Errorf("%s: %s: HTTP %d", person, path, p.Status())
	}
	screenshot(t, p, person+" "+look, path)
	report(t, p, person+", "+look, path)
}

// lookAgain checks the colours of the page that was just looked at, with a look that changes
// nothing else.
func lookAgain(t *testing.T, p *browser.Page, how, path string, o browser.Options) {
	t.Helper()
	p.Emulate(o)
	screenshot(t, p, how, path)
	for _, v := range p.AxeColors() {
		t.Errorf("%s: %s: axe: %s", how, path, v)
	}
}

// report fails the test for each thing that is wrong with the page as it is shown.
func report(t *testing.T, p *browser.Page, how, path string) {
	t.Helper()
	for _, fault := range p.Layout() {
		t.Errorf("%s: %s: layout: %s", how, path, fault)
	}
	shorten(p)
	for _, v := range p.Axe() {
		t.Errorf("%s: %s: axe: %s", how, path, v)
	}
	for _, problem := range p.Problems() {
		t.Errorf("%s: %s: %s", how, path, problem)
	}
	p.ForgetProblems()
}

// shorten removes most rows of long lists: axe-core takes seconds for them, and one row is like
// the other.
func shorten(p *browser.Page) {
	browser.Eval[int](p, `(rows => { for (const row of rows) row.remove(); return rows.length })
		(document.querySelectorAll("tbody tr:nth-child(n+4)"))`)
}

// lookThoroughly checks a page with all looks, walks through it with the keyboard, and strains it.
func lookThoroughly(t *testing.T, p *browser.Page, w *seed.World, person, path string) {
	t.Helper()
	light, dark, phone := looks[0], looks[1], looks[2]
	lookAt(t, p, w, person, path, light.name, light.options)
	lookAgain(t, p, person+" "+dark.name, path, dark.options)
	p.Emulate(light.options)
	for _, fault := range p.FocusWalk().Faults() {
		t.Errorf("keyboard: %s: %s: %s", person, path, fault)
	}
	lookAt(t, p, w, person, path, phone.name, phone.options)
	strain(t, p, w.Server.URL+path)
}

// strain checks the layout of the page that was just looked at where space or colours are few.
func strain(t *testing.T, p *browser.Page, address string) {
	t.Helper()
	for _, s := range strains {
		p.Emulate(s.options)
		for _, fault := range p.Layout() {
			t.Errorf("%s: %s: layout: %s", s.name, address, fault)
		}
		if s.options.ReducedMotion && browser.Eval[int](p, "document.getAnimations().length") > 0 {
			t.Errorf("%s: %s: something moves", s.name, address)
		}
	}
}

// pagesOf returns one of each kind of page that a person sees.
func pagesOf(t *testing.T, w *seed.World, person string) []walk.Visit {
	t.Helper()
	o := options(w, person)
	o.ReadOnly = true
	r := walk.Walk(t.Context(), o)
	for _, fault := range r.Faults {
		t.Errorf("%s: %s", person, fault)
	}
	seen, pages := map[string]bool{}, []walk.Visit{}
	for _, page := range r.Pages {
		key := pattern(page.Shape) + page.Content
		if page.HTML && page.Status == http.StatusOK && !seen[key] {
			seen[key] = true
			pages = append(pages, page)
		}
	}
	return pages
}

var (
	named = regexp.MustCompile(`^(/admin/t/[^/]+/)(prompts|mcp-servers|trust-rules|triggers|` +
		`model-configs|context-configs|agents|defaults)(/[^/]+)?`)
	ofTenant = regexp.MustCompile(`^/admin/t/[^/]+/`)
)

// pattern returns the shape of a page in which the names of the tenant and of resources and what
// is searched for are left out. Agents have all that other kinds have; the defaults can't be deleted.
func pattern(shape string) string {
	shape = ofTenant.ReplaceAllString(walk.WithoutSearch(shape), "/admin/t/T/")
	parts := named.FindStringSubmatch(shape)
	if parts == nil {
		return shape
	}
	rest := shape[len(parts[0]):]
	kind := "K"
	if parts[2] == "agents" || parts[2] == "defaults" {
		kind = parts[2]
	}
	if parts[3] != "" {
		kind += "/*"
	}
	return parts[1] + kind + rest
}

// screenshot writes a picture of the page to the folder ADMIN_SCREENSHOTS, if there is one.
func screenshot(t *testing.T, p *browser.Page, how, path string) {
	t.Helper()
	dir := os.Getenv("ADMIN_SCREENSHOTS")
	if dir == "" {
		return
	}
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(pattern(walk.Shape(path))), "-")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	p.Screenshot(filepath.Join(dir, fmt.Sprintf("%.80s %s.png", strings.Trim(name, "-"), how)))
}
