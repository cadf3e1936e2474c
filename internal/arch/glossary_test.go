package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goName is package.Name or package.Type.Member between backquotes.
var goName = regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z0-9]*)(?:\\.([A-Z][A-Za-z0-9]*))?`")

// TestGlossaryNamesWhatThereIs holds docs/glossary.md to the code: each Go name
// in it is declared in a package of that name.
func TestGlossaryNamesWhatThereIs(t *testing.T) {
	b, err := os.ReadFile("../../docs/glossary.md")
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "| **") {
			rows++
			require.Regexp(t, goName, line, "a row names where its word is defined")
		}
	}
	require.Greater(t, rows, 30)
	declared := map[string]map[string]bool{} // package name → Name and Type.Member
	for _, m := range goName.FindAllStringSubmatch(string(b), -1) {
		name := strings.TrimSuffix(m[2]+"."+m[3], ".")
		if declared[m[1]] == nil {
			declared[m[1]] = declarations(t, m[1])
		}
		if !declared[m[1]][name] {
			t.Errorf("docs/glossary.md names %s.%s, which is not in the code", m[1], name)
		}
	}
}

// declarations are the exported names of every package of this name in the
// module, and the exported fields and methods of its types.
func declarations(t *testing.T, name string) map[string]bool {
	found := map[string]bool{}
	require.NoError(t, filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return filepath.SkipDir
		}
		if path.Base(filepath.ToSlash(filepath.Dir(file))) != name || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range parsed.Decls {
			declare(found, d)
		}
		return nil
	}))
	require.NotEmpty(t, found, "there is no package %s", name)
	return found
}

func declare(found map[string]bool, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		found[receiver(d)+d.Name.Name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					found[n.Name] = true
				}
			case *ast.TypeSpec:
				found[s.Name.Name] = true
				for _, f := range members(s.Type) {
					for _, n := range f.Names {
						found[s.Name.Name+"."+n.Name] = true
					}
				}
			}
		}
	}
}

// receiver is "Type." for a method, and nothing for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name + "."
	}
	return "?."
}

func members(of ast.Expr) []*ast.Field {
	switch of := of.(type) {
	case *ast.StructType:
		return of.Fields.List
	case *ast.InterfaceType:
		return of.Methods.List
	}
	return nil
}
