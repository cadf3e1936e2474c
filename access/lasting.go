package access

import "strings"

// Lasting reports whether what a plan opens stays when the request is over. A change of
// the contracts is taken into force once, when the request opens, and stays until
// another request replaces it: no access is open meanwhile, none expires, and nothing
// is gone in the end. Whatever people read of such a request says so.
func (p Plan) Lasting() bool { return p.Change != nil && len(p.Grants) == 1 }

// lastingPhrases are the phrases of events of a lasting plan, where those of access that
// ends would be untrue.
var lastingPhrases = map[EventKind]string{
	EventGrantIntended: "about to take the contracts into force, recorded first",
	EventGrantOpened:   "contracts taken into force",
	EventAccessActive:  "in force from now on",
	EventAccessEnding:  "the request is ending; the contracts stay in force",
	EventGrantClosed:   "closed; the contracts stay in force until another request replaces them",
	EventAccessEnded:   "over; the contracts stay in force until another request replaces them",
}

// Phrase says what an event of the request's timeline means, in a few words, for people.
// It is the event's own phrase, except where what the plan opens stays.
func (r Request) Phrase(e Event) string {
	if phrase := lastingPhrases[e.Kind]; phrase != "" && r.Plan.Lasting() {
		return phrase
	}
	if e.Kind == EventRequestCreated && r.Plan.Lasting() {
		return strings.Replace(e.Phrase(), "asked for access", "proposed contracts", 1)
	}
	return e.Phrase()
}
