package evidence

import (
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
)

// checkEnds requires that each order to end which a condition gave follows from the plan,
// and returns who ended the request, and why. Whether the condition was true by the facts
// that are shown here is the server's word, as the evaluation of the contract is.
func (v *verifier) checkEnds() (string, error) {
	var who []string
	for _, o := range v.proof.Ends {
		if err := v.proof.CheckEnd(o); err != nil {
			return "", failf("an order to end: %w", err)
		}
		if o.EndedBy == nil {
			who = append(who, fmt.Sprintf("by %s (%s) at %s", o.By, o.Kind, access.FormatTime(o.At)))
			continue
		}
		if err := v.checkUnknownSince(o); err != nil {
			return "", err
		}
		who = append(who, fmt.Sprintf("by its contract at %s, because %s (%s)", access.FormatTime(o.At), o.Reason, access.FactsInWords(o.EndedBy.Facts)))
	}
	if len(who) == 0 {
		return "nobody ordered the end", nil
	}
	return "ended " + strings.Join(who, "; "), nil
}

// checkUnknownSince requires that the log says since when a condition was not known that
// ended access by that: otherwise a server could end it at any time.
func (v *verifier) checkUnknownSince(o access.EndOrder) error {
	if o.EndedBy.UnknownSince == nil {
		return nil
	}
	for _, e := range v.Events {
		if e.Event.IsUnknown(o.EndedBy.Index) && e.Event.At.Equal(*o.EndedBy.UnknownSince) {
			return nil
		}
	}
	return failf("an order to end says that it was not known since %s, and the log does not", access.FormatTime(*o.EndedBy.UnknownSince))
}
