package contracts

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	defaultMinReason = 10
	defaultMaxReason = 1000
)

// reason bounds what the requester writes for those who decide.
type reason struct {
	Optional  bool    `yaml:"optional"`
	MinLength *number `yaml:"minLength" schema:"minimum=0 maximum=4000"`
	MaxLength *number `yaml:"maxLength" schema:"minimum=1 maximum=4000"`
}

func (*reason) section() string { return "request.reason" }

// bounds are the least letters and digits, and the most characters.
func (r *reason) bounds() (least, most int) {
	return r.MinLength.or(defaultMinReason), r.MaxLength.or(defaultMaxReason)
}

func (r *reason) check(d *document) {
	least, most := r.bounds()
	if least < 0 || most < max(least, 1) || most > maxText {
		d.issue("reason_bounds", fmt.Sprintf("the reason's maxLength is 1 to %d, and its minLength 0 to that", maxText), "request", "reason")
	}
}

// read refuses text that does not show what it says, and counts only
// letters and digits: people decide by it.
func (r *reason) read(q *query) {
	text := strings.TrimSpace(q.Request.Reason)
	n := lettersAndDigits(text)
	least, most := r.bounds()
	justify := &q.contract.terms.justify
	long := justify.needed(q.draft.Duration)
	switch {
	case text == "" && r.Optional && !long:
	case n == 0 && !r.Optional:
		q.refuse("reason_missing", "reason", "say why: the people who decide see this")
	case !utf8.ValidString(text) || hidden(text):
		q.refuse("reason_characters", "reason", "the reason has control or direction-changing characters, which could make it read as something else")
	case long && n < justify.minLength():
		q.refuse("reason_needs_justification", "reason", "for more than %s the reason needs at least %d letters and digits: say why so long", justify.over, justify.minLength())
	case n < least:
		q.refuse("reason_too_short", "reason", "the reason needs at least %d letters and digits", least)
	case utf8.RuneCountInString(text) > most:
		q.refuse("reason_too_long", "reason", "the reason may have %d characters, and has %d", most, utf8.RuneCountInString(text))
	default:
		q.draft.Reason = text
	}
}

// OfferReason are the bounds of the reason, in characters.
type OfferReason struct {
	Optional  bool `json:"optional"`
	MinLength int  `json:"minLength"`
	MaxLength int  `json:"maxLength"`
}

func (r *reason) offer(o *Offer) {
	least, most := r.bounds()
	o.Reason = OfferReason{r.Optional, least, most}
}
