package terraform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// errorLine is how the program begins what went wrong; the lines after it may repeat
// values and the output of commands, so they go nowhere.
var errorLine = regexp.MustCompile(`(?m)^[│╷ ]*Error: (.+)$`)

const (
	maxErrors    = 3
	maxErrorLine = 300
)

// failed returns an error of the program's, with no more of its words than what went
// wrong: what it and its providers write may have secrets in it. Errors are of code
// unavailable: whoever called tries again.
func (x *run) failed(what string, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return access.Errorf(access.CodeUnavailable, "%s was stopped, since the grant is being closed", what)
	case errors.Is(err, context.DeadlineExceeded):
		return access.Errorf(access.CodeUnavailable, "%s did not end within %s and was stopped", what, x.t.config.Timeout)
	}
	return access.Errorf(access.CodeUnavailable, "%s: %s", what, x.wordsOf(err))
}

// wordsOf returns the program's own summaries of what went wrong, without secrets.
func (x *run) wordsOf(err error) string {
	var lines []string
	for _, m := range errorLine.FindAllStringSubmatch(err.Error(), -1) {
		line := m[1]
		for _, secret := range x.secrets {
			if len(secret) > 0 {
				line = strings.ReplaceAll(line, secret, "(secret)")
			}
		}
		if line = plaintext.Line(line, maxErrorLine); line != "" && len(lines) < maxErrors {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "the program failed and does not say why"
	}
	return strings.Join(lines, "; ")
}

// oneLine returns a value as JSON, in characters that all show.
func oneLine(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "?"
	}
	return showing(strings.TrimSuffix(b.String(), "\n"))
}

// showing writes each character that does not show, or misleads, by its number.
func showing(text string) string {
	if plaintext.IsLine(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) && plaintext.IsLine(string(r)) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// quoted returns a text as a string of the program's language that is no template.
func quoted(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(text))
}

// hexOf returns a digest as the name of a file.
func hexOf(digest string) string {
	sum := sha256.Sum256([]byte(digest))
	return hex.EncodeToString(sum[:])
}
