package output

import (
	"io"
	"os"

	"golang.org/x/term"

	"ramp.dev/ramp/internal/plaintext"
)

// What commands print for people has text of others in it: reasons, names, contracts of a
// branch that is under review, errors of services. On a terminal it could move the cursor,
// change the title, or be read backwards. So whatever Print writes for people is cleaned
// as a whole, and what belongs into one line is cleaned by Clean, line breaks too.

// Clean returns one line of text without characters that do not show, or that change how
// others show.
func Clean(s string) string { return plaintext.Dotted(s, false) }

// Lines is Clean for text that may have several lines.
func Lines(s string) string { return plaintext.Dotted(s, true) }

// cleaning cleans what people read. Each Write has whole characters.
type cleaning struct{ to io.Writer }

// Write implements io.Writer.
func (c cleaning) Write(b []byte) (int, error) {
	if _, err := io.WriteString(c.to, Lines(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Exactly returns the writer behind the one that Print gives to its function: for what
// programs read also where people see it, such as a signed note.
func Exactly(w io.Writer) io.Writer {
	if c, ok := w.(cleaning); ok {
		return c.to
	}
	return w
}

// Width returns how wide a terminal is, 0 for what is none.
func Width(w io.Writer) int {
	f, ok := Exactly(w).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	n, _, _ := term.GetSize(int(f.Fd()))
	return n
}
