package contracts

import (
	"fmt"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// breakGlass opens at once, with nobody's consent, for an emergency: to fewer people
// and for a shorter time than the contract gives otherwise, and with a review
// afterwards.
type breakGlass struct {
	Who          string   `yaml:"who" schema:"required minLength=1 maxLength=2000"`
	Max          string   `yaml:"max" schema:"required duration minLength=1"`
	ReviewWithin string   `yaml:"reviewWithin" schema:"required duration minLength=1"`
	Reviewers    []string `yaml:"reviewers" schema:"required minItems=1 name"`

	who          *condition // nil: the contract has no break glass
	max          access.Duration
	reviewWithin access.Duration
}

// fieldBreakGlass names the condition in the trace.
const fieldBreakGlass = "breakGlass.who"

// maxReviewWithin bounds the time for the review: later nobody remembers.
const maxReviewWithin = access.Duration(14 * 24 * time.Hour)

func (*breakGlass) section() string { return "breakGlass" }

func (b *breakGlass) check(d *document) {
	if !d.written("breakGlass") {
		return
	}
	if b.Who == "" {
		d.issue("break_glass_who", "breakGlass.who must say who may break the glass", "breakGlass", "who")
	}
	b.who = d.condition(b.Who, "breakGlass", "who")
	b.max = d.length(b.Max, "breakGlass", "max")
	if most := d.contract.terms.duration.max; b.max > most && most > 0 {
		d.issue("break_glass_max", fmt.Sprintf("breakGlass.max %s is over duration.max %s: what nobody agreed to must not last longer", b.max, most), "breakGlass", "max")
	}
	b.reviewWithin = d.length(b.ReviewWithin, "breakGlass", "reviewWithin")
	if b.reviewWithin > maxReviewWithin {
		d.issue("break_glass_review", fmt.Sprintf("breakGlass.reviewWithin is %s at the most", maxReviewWithin), "breakGlass", "reviewWithin")
	}
	if len(b.Reviewers) == 0 {
		d.issue("break_glass_reviewers", "breakGlass.reviewers must name the groups that review each use", "breakGlass", "reviewers")
	}
	checkNames(d, "a group's name cannot be blank", b.Reviewers, []any{"breakGlass", "reviewers"})
}

// read bounds the length by what break glass gives.
func (b *breakGlass) read(q *query) {
	if !q.Request.BreakGlass {
		return
	}
	if q.Request.Duration == "" && b.max > 0 {
		q.draft.Duration = min(q.draft.Duration, b.max)
	}
}

// admit decides whether the glass may be broken. Limits and windows do not hold it
// back, since an emergency keeps neither; an earlier use without a review does.
func (b *breakGlass) admit(q *query) {
	switch {
	case !q.Request.BreakGlass:
		return
	case b.who == nil:
		q.refuse("no_break_glass", "breakGlass", "contract %s has no break glass; request it without, so that people approve", q.contract.Name)
		return
	case q.Request.StartAt != nil, q.Request.InNextWindow:
		q.refuse("break_glass_start", "startAt", "break glass opens at once; leave the start out, or request it without break glass")
	case q.draft.Duration > b.max:
		q.refuse("duration_over_max", "duration", "%s is longer than contract %s gives with break glass (%s)", q.draft.Duration, q.contract.Name, b.max)
	}
	switch q.evaluate(fieldBreakGlass, b.who) {
	case NotSatisfied:
		q.refuse("break_glass_not_for_you", "breakGlass", "you may not use break glass under contract %s; request it without, so that people approve", q.contract.Name)
	case Unevaluated:
		q.refuseAtOnce(CouldNotEvaluate, "break_glass_unevaluated", "whether you may use break glass under contract %s could not be evaluated, so you may not", q.contract.Name)
		return
	}
	b.admitReviewed(q)
}

// admitReviewed refuses the next use until somebody has reviewed the last.
func (b *breakGlass) admitReviewed(q *query) {
	if q.History == nil {
		q.refuseAtOnce(CouldNotEvaluate, "history_unknown", "whether your earlier uses of break glass were reviewed is not known here")
		return
	}
	step := Step{Field: "breakGlass.reviewed", Expression: "every earlier use was reviewed", Result: Satisfied}
	if left := q.History.Unreviewed; len(left) > 0 {
		step.Result, step.Detail = NotSatisfied, strings.Join(left, ", ")
		q.refuse("review_missing", "breakGlass", "your use of break glass in request %s was not reviewed yet; until somebody has, you may not break glass again", left[0])
	}
	q.result.Trace = append(q.result.Trace, step)
}

// plan replaces every rule of approval: nobody is asked, and nothing is extended.
func (b *breakGlass) plan(q *query) {
	if !q.Request.BreakGlass {
		return
	}
	q.draft.BreakGlass = &access.BreakGlass{Reviewers: b.Reviewers, ReviewBy: q.Now.Add(q.draft.Duration.Std() + b.reviewWithin.Std()).UTC()}
	q.draft.Rule = access.Rule{DenyThreshold: 1, Auto: true}
	q.draft.Extend = nil
}

// OfferBreakGlass is what a contract gives in an emergency.
type OfferBreakGlass struct {
	Max          access.Duration `json:"max"`
	ReviewWithin access.Duration `json:"reviewWithin"`
	Reviewers    []string        `json:"reviewers"`
}

func (b *breakGlass) offer(o *Offer) {
	if b.who != nil {
		o.BreakGlass = &OfferBreakGlass{Max: b.max, ReviewWithin: b.reviewWithin, Reviewers: b.Reviewers}
	}
}

func (*breakGlass) explain(p access.Plan) []Line {
	if p.BreakGlass == nil {
		return nil
	}
	return []Line{{"break glass", fmt.Sprintf("opens with nobody's consent; one of %s must review it by %s", strings.Join(p.BreakGlass.Reviewers, ", "), p.BreakGlass.ReviewBy.Format(time.RFC3339))}}
}
