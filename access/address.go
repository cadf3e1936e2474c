package access

import "net/mail"

// IsAddress reports whether a text is an e-mail address and nothing more: no name, no
// comment, no second one.
func IsAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}
