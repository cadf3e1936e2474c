package contracts

import (
	"maps"
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
		_, text, found := strings.Cut(string(diff.Diff(was, []byte(before[name]), is, []byte(after[name]))), "\n") // without its "diff a b"
		if found {
			out.WriteString(text)
		}
	}
	return out.String()
}
