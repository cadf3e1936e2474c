package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// duration bounds the length of access.
type duration struct {
	Default string `yaml:"default" schema:"required duration minLength=1"`
	Max     string `yaml:"max" schema:"required duration minLength=1"`

	usual access.Duration // the length if none is requested
	max   access.Duration
}

func (*duration) section() string { return "duration" }

func (l *duration) check(d *document) {
	l.usual, l.max = d.length(l.Default, "duration", "default"), d.length(l.Max, "duration", "max")
	if l.usual > l.max && l.max > 0 {
		d.issue("duration_default_over_max", fmt.Sprintf("the default %s is over the max %s", l.usual, l.max), "duration", "default")
	}
}

func (l *duration) read(q *query) {
	if q.Request.Duration == "" {
		q.draft.Duration = l.usual
		return
	}
	d, err := access.ParseDuration("duration", q.Request.Duration)
	switch {
	case err != nil:
		q.result.Issues = append(q.result.Issues, access.IssuesOf(err)...)
	case d > l.max:
		q.refuse("duration_over_max", "duration", "%s is over the most that contract %s gives (%s)", d, q.contract.Name, l.max)
	default:
		q.draft.Duration = d
	}
}

// OfferDuration are a contract's lengths; JustifyOver is 0 when there is none.
type OfferDuration struct {
	Default          access.Duration `json:"default"`
	Max              access.Duration `json:"max"`
	JustifyOver      access.Duration `json:"justifyOver,omitempty"`
	JustifyMinLength int             `json:"justifyMinLength,omitempty"`
}

func (l *duration) offer(o *Offer) { o.Duration.Default, o.Duration.Max = l.usual, l.max }

func (*duration) explain(p access.Plan) []Line {
	return []Line{{"duration", p.Duration.String()}}
}
