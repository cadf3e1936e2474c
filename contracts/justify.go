package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

const defaultJustify = 40

// justify asks for a longer reason when access is to be long.
type justify struct {
	JustifyOver      string  `yaml:"justifyOver" schema:"duration"`
	JustifyMinLength *number `yaml:"justifyMinLength" schema:"minimum=1 maximum=4000"`

	over access.Duration // 0: never
}

func (*justify) section() string { return "duration" }

func (j *justify) check(d *document) {
	if d.written("duration", "justifyOver") {
		j.over = d.length(j.JustifyOver, "duration", "justifyOver")
	}
	if most := d.contract.terms.duration.max; j.over > most && most > 0 {
		d.issue("justify_over_max", fmt.Sprintf("justifyOver %s is over the max %s, so that nothing would ever be justified", j.over, most), "duration", "justifyOver")
	}
	_, most := d.contract.terms.reason.bounds()
	if n := j.minLength(); (j.over > 0 || j.JustifyMinLength != nil) && (n < 1 || n > most) {
		d.issue("justify_bounds", fmt.Sprintf("justifyMinLength is 1 to the reason's maxLength (%d), and is %d", most, n), "duration", "justifyMinLength")
	}
}

func (j *justify) minLength() int { return j.JustifyMinLength.or(defaultJustify) }

// needed reports whether access of this length must be justified.
func (j *justify) needed(d access.Duration) bool { return j.over > 0 && d > j.over }

func (j *justify) offer(o *Offer) {
	o.Duration.JustifyOver, o.Duration.JustifyMinLength = j.over, j.minLength()
}
