package target

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

//go:embed scaffold
var scaffold embed.FS

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// file is one file of a program to begin with.
type file struct {
	from, to string
	mode     fs.FileMode
}

func newCommand() *cobra.Command {
	return &cobra.Command{
		Use: "new go|python NAME", Short: "Begin a program that is a target", Args: cobra.ExactArgs(2),
		Long:    "It writes a directory NAME with a program that passes `ramp target test` as it stands, on files instead of a service.",
		Example: "  ramp target new python billing\n  ramp target test --probe './billing/billing probe' -- ./billing/billing",
		RunE: func(cmd *cobra.Command, args []string) error {
			lines, err := begin(args[0], args[1])
			if err == nil {
				_, err = fmt.Fprint(cmd.OutOrStdout(), lines)
			}
			return err
		},
	}
}

// begin writes the program into a directory of its name, which must not be there, and
// returns what to do next.
func begin(language, name string) (string, error) {
	if !nameForm.MatchString(name) {
		return "", access.Errorf(access.CodeInvalid, "NAME is lowercase letters, digits and dashes, a letter first, 40 at the most")
	}
	program := filepath.Join(name, name)
	var files []file
	build := ""
	switch language {
	case "python":
		files = []file{{"scaffold/python/program.py.txt", program, 0o700}}
	case "go":
		files = []file{{"scaffold/go/main.go.txt", filepath.Join(name, "main.go"), 0o600}, {"scaffold/go/service.go.txt", filepath.Join(name, "service.go"), 0o600}}
		build = fmt.Sprintf("  go build -C %s -o %s .\n", name, name)
	default:
		return "", access.Errorf(access.CodeInvalid, "%q is no language here: go or python", access.Clip(language, 20))
	}
	if err := os.Mkdir(name, 0o700); errors.Is(err, fs.ErrExist) {
		return "", access.Errorf(access.CodeConflict, "%s is there already; nothing was written", name)
	} else if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "%w", err)
	}
	for _, f := range files {
		b, err := scaffold.ReadFile(f.from)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(f.to, []byte(strings.ReplaceAll(string(b), "NAME", name)), f.mode); err != nil {
			return "", access.Errorf(access.CodeUnavailable, "%w", err)
		}
	}
	if language == "go" {
		if err := os.WriteFile(filepath.Join(name, "go.mod"), []byte("module "+name+"\n\ngo 1.22\n"), 0o600); err != nil {
			return "", access.Errorf(access.CodeUnavailable, "%w", err)
		}
	}
	return fmt.Sprintf("%s: written. Now:\n%s  ramp target test --probe './%s probe' -- ./%s\n", name, build, program, program), nil
}
