package plaintext

import "strconv"

// Count returns a number of things whose noun takes an s: "1 contract", "2 contracts".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
