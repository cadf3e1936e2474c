package access

import "fmt"

// Issues is everything that is wrong with an input.
type Issues []Issue

// Add appends an issue, with a message as fmt.Sprintf formats it.
func (i *Issues) Add(code, field, format string, args ...any) {
	*i = append(*i, Issue{Code: code, Field: field, Message: fmt.Sprintf(format, args...)})
}

// Err returns an error of code invalid with every issue, or nil if there is none.
func (i Issues) Err() error {
	if len(i) == 0 {
		return nil
	}
	return Invalid(i...)
}
