package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// listed is what `go list` says of a package.
type listed struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	ForTest      string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// Load asks the go command for the packages of the module whose root is dir,
// and for all that they and their tests import.
func Load(dir string) ([]Package, Graph, error) {
	cmd := exec.Command("go", "list", "-deps", "-test",
		"-json=ImportPath,Name,ForTest,Dir,GoFiles,TestGoFiles,XTestGoFiles,"+
			"Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		return nil, nil, fmt.Errorf("go list: %w\n%s", err, faults.String())
	}
	var packages []Package
	g := Graph{}
	for decoder := json.NewDecoder(&out); ; {
		var l listed
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			return packages, g, nil
		} else if err != nil {
			return nil, nil, err
		}
		g[l.ImportPath] = l.Imports
		if p, own := l.ours(); own {
			packages = append(packages, p)
		}
	}
}

// ours is a package of this module as it is in its files, not as it was
// built for a test.
func (l listed) ours() (Package, bool) {
	if !isOurs(l.ImportPath) || l.ForTest != "" || strings.HasSuffix(l.ImportPath, ".test") {
		return Package{}, false
	}
	p := Package{
		Path: local(l.ImportPath), Name: l.Name,
		Imports: l.Imports, TestImports: slices.Concat(l.TestImports, l.XTestImports),
	}
	for _, name := range slices.Concat(l.GoFiles, l.TestGoFiles, l.XTestGoFiles) {
		p.Files = append(p.Files, filepath.Join(l.Dir, name))
	}
	if l.ImportPath == Module {
		p.Path = ""
	}
	return p, true
}
