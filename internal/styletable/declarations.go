package main

import (
	"go/ast"
	"go/token"
)

// declarations counts what a production file declares.
func (m *measures) declarations(set *token.FileSet, parsed *ast.File) {
	for _, d := range parsed.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			m.function(set, d)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				m.spec(d, s)
			}
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok && len(i.Methods.List) > 0 {
			m.interfaces = append(m.interfaces, len(i.Methods.List))
		}
		return true
	})
}

func (m *measures) function(set *token.FileSet, d *ast.FuncDecl) {
	m.functions = append(m.functions, set.Position(d.End()).Line-set.Position(d.Pos()).Line+1)
	if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
		m.name(d.Name, d.Doc != nil || d.Recv != nil) // a method may be documented by its interface
	}
}

func (m *measures) spec(d *ast.GenDecl, s ast.Spec) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		m.name(s.Name, s.Doc != nil || d.Doc != nil)
	case *ast.ValueSpec:
		for _, name := range s.Names {
			m.name(name, s.Doc != nil || s.Comment != nil || d.Doc != nil)
		}
	}
}

func (m *measures) name(name *ast.Ident, documented bool) {
	if !name.IsExported() {
		return
	}
	m.exported++
	if documented {
		m.documented++
	}
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
