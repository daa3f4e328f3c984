// Package viewtest_test executes every template with every view model. It is apart from the
// package view so that no host needs the parser of HTML in its go.sum.
package viewtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// models are all view models.
var models = []view.Model{
	view.Accept{}, view.Accepted{}, view.Account{}, view.Audit{}, view.AuditVerify{},
	view.Certificate{}, view.Confirm{}, view.Draft{}, view.Failure{}, view.Federation{},
	view.FormPage{}, view.ImportRefused{}, view.ImportReport{}, view.Invitations{}, view.Keys{},
	view.Members{}, view.Once{}, view.Overview{}, view.Promotion{}, view.Resource{},
	view.ResourceConflict{}, view.ResourceList{}, view.SecretForm{}, view.Secrets{}, view.Settings{},
	view.SignIn{}, view.Switch{}, view.TenantPage{}, view.Tenants{}, view.UserPage{}, view.Users{},
}

func TestEveryModelAndTemplateIsInTheTable(t *testing.T) {
	t.Parallel()
	var names, templates []string
	for _, m := range models {
		names = append(names, reflect.TypeOf(m).Name())
		templates = append(templates, m.Template())
	}
	for _, name := range declared(t) {
		require.Contains(t, names, name, "add the model to the table")
	}
	files, err := filepath.Glob("../view/templates/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		require.Contains(t, templates, filepath.Base(file), "no model has the template")
	}
}

// declared returns the names of the types in the package view that have the method Template.
func declared(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../view/*.go")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "Template" {
				names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	require.NotEmpty(t, names)
	return slices.Compact(names)
}
