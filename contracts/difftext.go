package contracts

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"ramp.dev/ramp/access"
)

// TextDiff returns the difference of two sets of files, file by file, as `diff -u` prints
// it; empty if they are the same to the byte.
func TextDiff(before, after access.ContractFiles) string {
	names := slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after))))))
	var out strings.Builder
	for _, name := range names {
		was, is := name, name
		if _, ok := before[name]; !ok {
			was = "/dev/null"
		}
		if _, ok := after[name]; !ok {
			is = "/dev/null"
		}
		_, text, found := strings.Cut(string(diff.Diff(was, named(before[name]), is, named(after[name]))), "\n") // without its "diff a b"
		if found {
			out.WriteString(keyed.ReplaceAllString(text, "$1"))
		}
	}
	return out.String()
}

// keyed is the beginning of a line of a difference of named texts.
var keyed = regexp.MustCompile("(?m)^([ +-])[^\x00\n]*\x00")

// nameOfDocument is the line of a contract or base that says its name.
var nameOfDocument = regexp.MustCompile(`(?m)^(?:metadata: *\{.*?\bname|  name): *["']?([A-Za-z0-9._-]+)`)

// named returns a text with the name of its contract before each line, and a zero byte,
// which no file of contracts has. Contracts share many lines, and only lines that are there
// once tell which stayed where they were: without the names, all between two changes would
// be shown as changed.
func named(text string) []byte {
	var out []byte
	document := []string{}
	flush := func() {
		key := ""
		if m := nameOfDocument.FindStringSubmatch(strings.Join(document, "")); m != nil {
			key = m[1]
		}
		for _, line := range document {
			out = append(append(append(out, key...), 0), line...)
		}
		document = document[:0]
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "---") {
			flush()
		}
		document = append(document, line)
	}
	flush()
	return out
}
