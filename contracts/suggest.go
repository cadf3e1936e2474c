package contracts

import "ramp.dev/ramp/internal/strictyaml"

// Nearest is the known name closest to a misspelt one, "" if none is close.
func Nearest(name string, known []string) string {
	set := map[string]bool{}
	for _, n := range known {
		set[n] = true
	}
	return strictyaml.Nearest(name, set)
}
