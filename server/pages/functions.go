package pages

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/server/auth"
)

var functions = template.FuncMap{
	"time":          timeTag,
	"withTimes":     withTimes,
	"left":          left,
	"short":         short,
	"join":          strings.Join,
	"words":         words,
	"counted":       plaintext.Count,
	"choices":       choices,
	"isChoice":      isChoice,
	"chosen":        chosen,
	"needs":         needs,
	"extension":     extension,
	"commentNeeded": commentNeeded,
	"stateIs":       stateIs,
	"stateTip":      func(s access.State) string { return stateTips[s] },
	"outcomeTip":    access.Outcome.Phrase,
	"outcomeOf":     outcomeOf,
	"waiting":       waiting,
	"problemTitle":  problemTitle,
	"noRoute":       noRoute,
	"login":         func(within access.Duration, to, next string) loginNotice { return loginNotice{within, to, next} },
	"autoParam":     autoParam,
	"sub":           func(a, b int) int { return a - b },
	"credentialKinds": func() (string, error) {
		b, err := json.Marshal(access.CredentialKinds())
		return string(b), err
	},
	"differenceClass": differenceClass,
	"laidOut":         laidOut,
	"planPath":        planPath,
	"unbroken":        unbroken,
	"browser":         browser,
	"percent":         percent,
	"length":          inWords,
	"cell":            cell,
	"isLink":          isLink,
	"lines":           func(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") },
	"stamp":           access.FormatTime,
	"text":            func(v any) string { return fmt.Sprint(v) },
}

// chosen reports whether a param's value was chosen from a target's list, which the page
// says with more.
func chosen(p access.Plan, param string) bool {
	return slices.ContainsFunc(p.Choices, func(c access.Chosen) bool { return c.Param == param })
}

// differenceClass returns how a line of a difference is set: its first character says the
// same to those who see no colours.
func differenceClass(line string) string {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "@@"):
		return "place"
	case strings.HasPrefix(line, "+"):
		return "added"
	case strings.HasPrefix(line, "-"):
		return "removed"
	}
	return "same"
}

// loginNotice leads to the newer login that an act requires, and back.
type loginNotice struct {
	Within   access.Duration
	To, Next string // what requires it; where to go on after it
}

// timeTag returns a time in UTC; the page's script converts it to the reader's
// zone.
func timeTag(t any) template.HTML {
	at, ok := t.(time.Time)
	if p, isPtr := t.(*time.Time); isPtr {
		if p == nil {
			return ""
		}
		at, ok = *p, true
	}
	if !ok || at.IsZero() {
		return ""
	}
	at = at.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, at.Format(time.RFC3339), at.Format("2 Jan 2006, 15:04:05 UTC"))) // #nosec G203 -- only formatted times
}

var instant = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// withTimes returns a text of Ramp's in which times (access.FormatTime) are shown as all
// others of the page.
func withTimes(s string) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range instant.FindAllStringIndex(s, -1) {
		t, err := time.Parse(time.RFC3339, s[m[0]:m[1]])
		if err != nil {
			continue // it only looks like one
		}
		b.WriteString(template.HTMLEscapeString(s[at:m[0]]))
		b.WriteString(string(timeTag(t)))
		at = m[1]
	}
	b.WriteString(template.HTMLEscapeString(s[at:]))
	return template.HTML(b.String()) // #nosec G203 -- escaped, and formatted times
}

// left returns how long it is until a time; the script counts it down.
func left(t *time.Time) template.HTML {
	if t == nil {
		return ""
	}
	d := time.Until(*t).Round(time.Second)
	text := "expired"
	if d > 0 {
		text = access.Duration(d).String() + " left"
	}
	return template.HTML(fmt.Sprintf(`<span class="left" role="timer" data-until="%s">%s</span>`, t.UTC().Format(time.RFC3339), text)) // #nosec G203 -- only formatted times and lengths
}

// short returns a digest shortened for people, with the whole in its title.
func short(digest string) template.HTML {
	shown := strings.TrimPrefix(digest, "sha256:")
	if len(shown) > 12 {
		shown = shown[:12]
	}
	return template.HTML(fmt.Sprintf(`<code title="%s">%s</code>`, template.HTMLEscapeString(digest), template.HTMLEscapeString(shown))) // #nosec G203 -- escaped
}

var flag = regexp.MustCompile(`--[a-z-]+`)

// unbroken returns a text in which no line ends within a command's flag, where
// the hyphens would otherwise invite it to.
func unbroken(s string) template.HTML {
	return template.HTML(flag.ReplaceAllString(template.HTMLEscapeString(s), `<span class="unbroken">$0</span>`)) // #nosec G203 -- escaped
}

// autoParam marks the address of a page that loads itself again: nobody may be
// there, so that it does not keep their session alive.
func autoParam(self string) string {
	switch {
	case strings.Contains(self, auth.AutoParam+"="):
		return ""
	case strings.Contains(self, "?"):
		return "&" + auth.AutoParam + "=1"
	}
	return "?" + auth.AutoParam + "=1"
}

func stateIs(s access.State, names ...string) bool { return slices.Contains(names, string(s)) }

// planPath returns where in a plan's JSON a text of the page comes from, for the
// page's script.
func planPath(parts ...any) (string, error) {
	b, err := json.Marshal(parts)
	return string(b), err
}
