package notices

import (
	_ "embed"
	"html/template"
	"strings"
)

//go:embed letter.html
var letterPage string

// page is the letter for those who read HTML. It loads nothing from anywhere, so that
// reading it tells nobody.
var page = template.Must(template.New("letter").Parse(letterPage))

// NoCredential is for the page.
func (letter) NoCredential() string { return noCredential }

// HTML returns the letter as a page; "" if it cannot be made, and the text is all there is.
func (l letter) HTML() string {
	var b strings.Builder
	if page.Execute(&b, l) != nil {
		return ""
	}
	return b.String()
}
