package web

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

var functions = template.FuncMap{
	"time":     timeTag,
	"left":     left,
	"short":    short,
	"join":     strings.Join,
	"stateIs":  stateIs,
	"stateTip": func(s access.State) string { return stateTips[s] },
	"dict":     dict,
	"waiting":  waiting,
	"add":      func(a, b int) int { return a + b },
	"text":     func(v any) string { return fmt.Sprint(v) },
}

// timeTag shows a time in UTC; the page's script turns it to the reader's zone.
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
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, at.Format(time.RFC3339), at.Format("2 Jan 2006 15:04:05 UTC")))
}

// left says how long it is until a time; the script counts it down.
func left(t *time.Time) template.HTML {
	if t == nil {
		return ""
	}
	d := time.Until(*t).Round(time.Second)
	text := "over"
	if d > 0 {
		text = access.Duration(d).String() + " left"
	}
	return template.HTML(fmt.Sprintf(`<span class="left" data-until="%s">%s</span>`, t.UTC().Format(time.RFC3339), text))
}

// short shortens a digest for people; the whole is in its title.
func short(digest string) template.HTML {
	shown := strings.TrimPrefix(digest, "sha256:")
	if len(shown) > 12 {
		shown = shown[:12]
	}
	return template.HTML(fmt.Sprintf(`<code title="%s">%s</code>`, template.HTMLEscapeString(digest), template.HTMLEscapeString(shown)))
}

func stateIs(s access.State, names ...string) bool { return slices.Contains(names, string(s)) }

var stateTips = map[access.State]string{
	access.StatePending:   "waiting for decisions",
	access.StateApproved:  "approved, about to be opened",
	access.StateScheduled: "approved, waiting for its start",
	access.StateGranting:  "being opened",
	access.StateActive:    "usable now",
	access.StateEnding:    "being closed; not proven gone yet",
	access.StateEnded:     "proven gone",
	access.StateDenied:    "denied",
	access.StateCancelled: "taken back by its requester",
	access.StateLapsed:    "nobody decided in time",
	access.StateFailed:    "could not be opened; nothing was left behind",
}

// waiting names who a pending request waits for.
func waiting(r access.Request) string {
	var open []string
	for _, s := range r.Stages {
		if !s.Met {
			open = append(open, s.Name)
		}
	}
	return strings.Join(open, ", ")
}

func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}
