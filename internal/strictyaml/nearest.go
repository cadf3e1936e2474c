package strictyaml

import (
	"iter"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name closest to a misspelt one, in Levenshtein
// distance and without regard to case; "" if none is close. Of two that are
// equally close it is the first in alphabetical order.
func Nearest(name string, known iter.Seq[string]) string {
	best, distance := "", 1+max(2, len(name)/3)
	for _, k := range slices.Sorted(known) {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}
