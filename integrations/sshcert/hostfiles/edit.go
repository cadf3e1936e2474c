package hostfiles

import "bytes"

// Lines returns the lines of a principals file.
func Lines(content []byte) []Line {
	var out []Line
	for raw := range bytes.Lines(content) {
		out = append(out, ParseLine(string(bytes.TrimSuffix(raw, []byte("\n")))))
	}
	return out
}

// Find returns the first line for a principal.
func Find(content []byte, principal string) (Line, bool) {
	for _, l := range Lines(content) {
		if l.Principal == principal && principal != "" {
			return l, true
		}
	}
	return Line{}, false
}

// Drop removes every line for a principal. All other bytes stay as they are.
func Drop(content []byte, principal string) (rest []byte, dropped bool) {
	for raw := range bytes.Lines(content) {
		if principal != "" && ParseLine(string(bytes.TrimSuffix(raw, []byte("\n")))).Principal == principal {
			dropped = true
			continue
		}
		rest = append(rest, raw...)
	}
	return rest, dropped
}

// Append adds a line at the end. If the last line has no line end, it gets one:
// otherwise the two would be read as one.
func Append(content []byte, line string) []byte {
	content = bytes.Clone(content)
	if n := len(content); n > 0 && content[n-1] != '\n' {
		content = append(content, '\n')
	}
	return append(append(content, line...), '\n')
}
