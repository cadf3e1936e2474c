package contracts

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/parser"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// Format returns a file of contracts or of tests in one layout: one blank after a colon,
// a comma and before a comment, no blank lines at the ends, one newline at the end.
// Indentation and quotes stay as they are written. It changes nothing that the file
// says; a file of which that is not sure is refused. Errors are CodeInvalid.
func Format(name string, b []byte) ([]byte, error) {
	before, err := meaning(b)
	if err != nil {
		return nil, &access.Error{Code: access.CodeInvalid, Issues: []access.Issue{parseIssue(name, err)}}
	}
	file, err := parser.ParseBytes(bytes.TrimPrefix(b, []byte("\ufeff")), parser.ParseComments)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s: %w", name, err)
	}
	var out bytes.Buffer
	for i, d := range file.Docs {
		if i > 0 {
			out.WriteString("---\n")
		}
		fmt.Fprintln(&out, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(d.String()), "---")))
	}
	if after, err := meaning(out.Bytes()); err != nil || after != before {
		return nil, access.Errorf(access.CodeInvalid, "%s cannot be formatted without changing what it says; write it in another way", name)
	}
	return out.Bytes(), nil
}

// meaning returns what a file says, without comments: that of which a contract's version
// is the hash.
func meaning(b []byte) (string, error) {
	bodies, err := strictyaml.Parse(b)
	var out strings.Builder
	for _, body := range bodies {
		fmt.Fprintf(&out, "%s\n---\n", body.String())
	}
	return out.String(), err
}
