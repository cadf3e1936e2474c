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

// file is one file of a program to begin with: the parts that it is put together of.
type file struct {
	to   string
	mode fs.FileMode
	from []string
}

func newCommand() *cobra.Command {
	var service bool
	c := &cobra.Command{
		Use: "new go|python NAME", Short: "Begin a program or a service that is a target", Args: cobra.ExactArgs(2),
		Long: "It writes a directory NAME with a program (kind exec) that passes `ramp target test` as it stands, on files instead\n" +
			"of a service. With --service the program listens at an address for signed calls (kind webhook).",
		Example: "  ramp target new python billing\n  ramp target test --probe './billing/billing probe' -- ./billing/billing\n  ramp target new --service go orders",
		RunE: func(cmd *cobra.Command, args []string) error {
			lines, err := begin(".", args[0], args[1], service)
			if err == nil {
				_, err = fmt.Fprint(cmd.OutOrStdout(), lines)
			}
			return err
		},
	}
	c.Flags().BoolVar(&service, "service", false, "begin a service at an address (webhook) instead of a program (exec)")
	return c
}

// begin writes the program, or the service, into a directory of its name below in, which must
// not be there, and returns what to do next, in the words of somebody who is in that directory.
func begin(in, language, name string, service bool) (string, error) {
	if !nameForm.MatchString(name) {
		return "", access.Errorf(access.CodeInvalid, "NAME is lowercase letters, digits and dashes, a letter first, 40 at the most")
	}
	program, own := filepath.Join(name, name), filepath.Join(in, name)
	var files []file
	build := ""
	switch language {
	case "python":
		end := "scaffold/python/main.py.txt"
		if service {
			end = "scaffold/python/serve.py.txt"
		}
		files = []file{{name, 0o700, []string{"scaffold/python/program.py.txt", end}}}
	case "go":
		for to, from := range map[string]string{"protocol.go": "protocol.go.txt", "service.go": "service.go.txt", "main.go": mainFile(service)} {
			files = append(files, file{to, 0o600, []string{"scaffold/go/" + from}})
		}
		build = fmt.Sprintf("  go build -C %s -o %s .\n", name, name)
	default:
		return "", access.Errorf(access.CodeInvalid, "%q is no language here: go or python", access.Clip(language, 20))
	}
	if err := os.Mkdir(own, 0o700); errors.Is(err, fs.ErrExist) {
		return "", access.Errorf(access.CodeConflict, "%s is there already; nothing was written", name)
	} else if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "%w", err)
	}
	imports := ""
	if service {
		imports = "import base64\nimport hashlib\nimport hmac\nimport threading\nimport time\nfrom http.server import BaseHTTPRequestHandler, ThreadingHTTPServer\n"
	}
	fill := strings.NewReplacer("NAME", name, "IMPORTS", imports)
	for _, f := range files {
		text := ""
		for _, part := range f.from {
			b, err := scaffold.ReadFile(part)
			if err != nil {
				return "", err
			}
			text += fill.Replace(string(b))
		}
		if err := os.WriteFile(filepath.Join(own, f.to), []byte(text), f.mode); err != nil {
			return "", access.Errorf(access.CodeUnavailable, "%w", err)
		}
	}
	if language == "go" {
		if err := os.WriteFile(filepath.Join(own, "go.mod"), []byte("module "+name+"\n\ngo 1.22\n"), 0o600); err != nil {
			return "", access.Errorf(access.CodeUnavailable, "%w", err)
		}
	}
	if service {
		return fmt.Sprintf("%s: written. Now:\n%s  (umask 077; echo whsec_$(openssl rand -base64 32) >%s.secret)\n  ./%s 127.0.0.1:8900 %s.secret &\n"+
			"  ramp target test --url http://127.0.0.1:8900 --secret %s.secret --probe './%s probe'\n", name, build, name, program, name, name, program), nil
	}
	return fmt.Sprintf("%s: written. Now:\n%s  ramp target test --probe './%s probe' -- ./%s\n", name, build, program, program), nil
}

// mainFile returns the scaffold's file with Go's main.
func mainFile(service bool) string {
	if service {
		return "serve.go.txt"
	}
	return "program.go.txt"
}
