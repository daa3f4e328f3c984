package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/archtest"
)

// measures is what is counted in the files of one folder.
type measures struct {
	production, tests files
	packages          map[string]*size // by folder
	functions         []int            // lines of each, production only
	interfaces        []int            // methods of each
	exported          int              // names, of production files
	documented        int
}

// files is what is counted in one kind of files.
type files struct {
	lines    []int // of each file
	comments int   // lines with a comment
	over100  int   // code wider than 100 columns, text within raw strings aside
	over120  int   // anything wider than 120 columns
}

type size struct{ files, lines int }

func measure(dir string) (*measures, error) {
	m := &measures{packages: map[string]*size{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir &&
			(strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		return m.file(path)
	})
	return m, err
}

func (m *measures) file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		return err
	}
	kind := &m.production
	if strings.HasSuffix(path, "_test.go") {
		kind = &m.tests
	} else {
		m.declarations(set, parsed)
	}
	lines := kind.read(string(text), set, parsed)
	folder := filepath.Dir(path)
	if m.packages[folder] == nil {
		m.packages[folder] = &size{}
	}
	m.packages[folder].files++
	m.packages[folder].lines += lines
	return nil
}

// read counts the lines of one file.
func (f *files) read(text string, set *token.FileSet, parsed *ast.File) int {
	raw := rawStrings(set, parsed)
	f.comments += commentLines(set, parsed)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch width := archtest.Columns(line); {
		case width > 120:
			f.over120++
			f.over100++
		case width > 100 && !raw[i+1] && !strings.HasPrefix(trimmed, "//"):
			f.over100++
		}
	}
	f.lines = append(f.lines, len(lines))
	return len(lines)
}

// commentLines is how many lines have a comment.
func commentLines(set *token.FileSet, parsed *ast.File) int {
	lines := map[int]bool{}
	for _, group := range parsed.Comments {
		for _, c := range group.List {
			for line := set.Position(c.Pos()).Line; line <= set.Position(c.End()).Line; line++ {
				lines[line] = true
			}
		}
	}
	return len(lines)
}

// rawStrings are the lines that a raw string reaches.
func rawStrings(set *token.FileSet, parsed *ast.File) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING &&
			strings.HasPrefix(s.Value, "`") {
			for line := set.Position(s.Pos()).Line; line <= set.Position(s.End()).Line; line++ {
				lines[line] = true
			}
		}
		return true
	})
	return lines
}
