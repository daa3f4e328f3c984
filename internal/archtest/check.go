package archtest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Package is one package of the module, without the module's path, and what it
// imports by full paths.
type Package struct {
	Path        string
	Name        string
	Imports     []string
	TestImports []string // of its _test.go files, both inside and outside the package
	Files       []string // its Go files and those of its tests
}

// CheckRooms answers a text for each import that rooms don't allow.
func CheckRooms(rooms []Room, packages []Package) []string {
	var faults []string
	for _, p := range packages {
		room, found := roomOf(rooms, p.Path)
		if !found {
			faults = append(faults, fmt.Sprintf(
				"%s: no room holds it: put it into one, or declare the room and its reason",
				p.Path))
			continue
		}
		faults = append(faults, room.check(p.Path, "imports", p.Imports, room.Edges)...)
		// A test imports what it tests.
		tests := slices.Concat(room.Edges, room.Tests, []Edge{{To: p.Path}})
		faults = append(faults, room.check(p.Path, "imports in a test", p.TestImports, tests)...)
	}
	return faults
}

func (r Room) check(from, does string, imports []string, allowed []Edge) []string {
	var faults []string
	for _, to := range imports {
		if !isStandard(to) && !allows(allowed, to) {
			faults = append(faults, fmt.Sprintf("%s %s %s: forbidden, because %s.%s", from, does,
				local(to), r.Why, list(allowed)))
		}
	}
	return faults
}

func list(edges []Edge) string {
	var b strings.Builder
	b.WriteString(" Allowed are the standard library")
	for _, e := range edges {
		if e.Why != "" {
			fmt.Fprintf(&b, "; %s (%s)", e.To, e.Why)
		}
	}
	return b.String()
}

// roomOf answers the narrowest of the rooms that hold p.
func roomOf(rooms []Room, p string) (Room, bool) {
	var best Room
	for _, r := range rooms {
		if matches(r.Path, p) && (best.Path == "" || isNarrower(r.Path, best.Path)) {
			best = r
		}
	}
	return best, best.Path != ""
}

// isNarrower compares two patterns that hold the same package: the longer one
// is narrower, and of one length the one that holds nothing else.
func isNarrower(a, b string) bool {
	aboveA, openA := strings.CutSuffix(a, "/...")
	aboveB, openB := strings.CutSuffix(b, "/...")
	if len(aboveA) != len(aboveB) {
		return len(aboveA) > len(aboveB)
	}
	return !openA && openB
}

func allows(edges []Edge, to string) bool {
	for _, e := range edges {
		if e.To == "*" && !isOurs(to) || matches(e.To, local(to)) && (e.To != "..." || isOurs(to)) {
			return true
		}
	}
	return false
}

// matches reports whether pattern is p, or ends in "/..." and holds p.
func matches(pattern, p string) bool {
	if pattern == "..." {
		return true
	}
	above, open := strings.CutSuffix(pattern, "/...")
	return p == above || open && strings.HasPrefix(p, above+"/")
}

func isOurs(importPath string) bool { return matches(Module+"/...", importPath) }

// isStandard reports whether a package is of the standard library: only there
// has the first element no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// local is an import path without this module's path.
func local(importPath string) string { return strings.TrimPrefix(importPath, Module+"/") }

// Graph has what each package imports, by full paths. A key ending in ".test"
// is the program of a package's tests.
type Graph map[string][]string

// CheckDistances answers a text for each package of the module that reaches
// what it must not, with the shortest way there.
func CheckDistances(distances []Distance, packages []Package, g Graph) []string {
	var faults []string
	for _, d := range distances {
		for _, p := range packages {
			if !matchesAny(d.From, p.Path) || matchesAny(d.Except, p.Path) {
				continue
			}
			starts := []string{path.Join(Module, p.Path)}
			if d.WithTests {
				starts = append(starts, starts[0]+".test")
			}
			if way := g.way(starts, d.To); way != nil {
				faults = append(faults, fmt.Sprintf("%s: forbidden, because %s",
					strings.Join(way, " → "), d.Why))
			}
		}
	}
	return faults
}

func matchesAny(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, p) })
}

// way answers the shortest way from one of starts to what targets match.
func (g Graph) way(starts, targets []string) []string {
	from := map[string]string{}
	for _, s := range starts {
		from[s] = ""
	}
	for queue := starts; len(queue) > 0; queue = queue[1:] {
		if matchesAny(targets, bare(queue[0])) {
			return wayBack(from, queue[0])
		}
		for _, next := range g[queue[0]] {
			if _, seen := from[next]; !seen {
				from[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	return nil
}

func wayBack(from map[string]string, at string) []string {
	var way []string
	for ; at != ""; at = from[at] {
		way = append(way, local(bare(at)))
	}
	slices.Reverse(way)
	return way
}

// bare is a package's path without the test for which it was built.
func bare(importPath string) string {
	p, _, _ := strings.Cut(importPath, " ")
	return p
}

// CheckNames answers a text for each package whose name is one of bad, or that
// is in the module's root.
func CheckNames(bad []string, packages []Package) []string {
	var faults []string
	for _, p := range packages {
		if p.Path == "" {
			faults = append(faults, "Go files in the module's root: there is nothing to import"+
				" there, move them into a room")
		}
		names := map[string]bool{p.Name: true}
		for element := range strings.SplitSeq(p.Path, "/") {
			names[element] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if slices.Contains(bad, name) {
				faults = append(faults, fmt.Sprintf(
					"%s: %q says nothing about what the package is for", p.Path, name))
			}
		}
	}
	return faults
}

// CheckTopLevel answers a text for each name in the module's root that isn't
// allowed there.
func CheckTopLevel(allowed, names []string) []string {
	var faults []string
	for _, name := range names {
		if !strings.HasPrefix(name, ".") && !slices.Contains(allowed, name) {
			faults = append(faults, fmt.Sprintf(
				"%s: isn't allowed at the top level; allowed are %s",
				name, strings.Join(allowed, ", ")))
		}
	}
	return faults
}
