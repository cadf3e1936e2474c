package contracts

import (
	"slices"

	"ramp.dev/ramp/internal/strictyaml"
)

// Nearest returns the known name closest to a misspelt one; "" if none is close.
func Nearest(name string, known []string) string {
	return strictyaml.Nearest(name, slices.Values(known))
}
