package strictyaml

import (
	"maps"
	"slices"
	"strings"
)

// Nearest is the known name closest to a misspelt one, if any is close.
func Nearest[V any](name string, known map[string]V) string {
	best, distance := "", 1+max(2, len(name)/3)
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := edits(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := last
			if a[i-1] != b[j-1] {
				cost++
			}
			last = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
