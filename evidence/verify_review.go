package evidence

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// checkReview requires of a use of break glass that its reviewer was allowed to,
// and says of one that nobody reviewed whether it is overdue. That proves nothing less
// of the access itself.
func (v *verifier) checkReview() (string, error) {
	if v.plan.BreakGlass == nil {
		if len(v.reviews) > 0 {
			return "", failf("there is a review, and nobody broke glass")
		}
		return "nobody broke glass", nil
	}
	for _, r := range v.reviews {
		if err := v.plan.AllowsReview(r); err != nil {
			return "", failf("a review does not count: %w", err)
		}
	}
	due := v.plan.BreakGlass.ReviewBy
	v.goesOn = len(v.reviews) == 0
	switch {
	case len(v.reviews) > 1:
		return "", failf("there are %d reviews, not one", len(v.reviews))
	case len(v.reviews) == 1:
		r := v.reviews[0]
		said := "justified"
		if !r.Justified {
			said = "NOT JUSTIFIED"
		}
		late := ""
		if r.At.After(due) {
			late = ", late"
		}
		return fmt.Sprintf("BREAK GLASS, reviewed by %s at %s%s: %s", r.By.ID, access.FormatTime(r.At), late, said), nil
	case v.manifest.At.After(due):
		return fmt.Sprintf("BREAK GLASS, and nobody has reviewed it; the review was due at %s", access.FormatTime(due)), nil
	}
	return fmt.Sprintf("BREAK GLASS, to be reviewed by %s", access.FormatTime(due)), nil
}
