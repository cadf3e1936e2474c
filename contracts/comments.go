package contracts

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

// comments is what those who decide must write and confirm.
type comments struct {
	CommentMinLength     *number  `yaml:"commentMinLength" schema:"minimum=0 maximum=1000"`
	DenyCommentMinLength *number  `yaml:"denyCommentMinLength" schema:"minimum=0 maximum=1000"`
	Confirm              []string `yaml:"confirm" schema:"maxItems=5 uniqueItems=true"`
}

// The bounds of what must be written and confirmed: a comment has 1000 characters at
// the most, and people read five statements at the most.
const (
	maxComment   = 1000
	maxConfirm   = 5
	maxStatement = 200
)

func (*comments) section() string { return "approval" }

func (c *comments) check(d *document) {
	for field, n := range map[string]*number{"commentMinLength": c.CommentMinLength, "denyCommentMinLength": c.DenyCommentMinLength} {
		if least := n.or(0); least < 0 || least > maxComment {
			d.issue("comment_bounds", fmt.Sprintf("approval.%s is 0 to %d letters and digits", field, maxComment), "approval", field)
		}
	}
	if len(c.Confirm) > maxConfirm {
		d.issue("confirm", fmt.Sprintf("approval.confirm has %d statements at the most", maxConfirm), "approval", "confirm")
	}
	for i, text := range c.Confirm {
		if slices.Contains(c.Confirm[:i], text) {
			d.issue("confirm", "this statement is there twice", "approval", "confirm", i)
		}
		if n := utf8.RuneCountInString(text); strings.TrimSpace(text) != text || access.LettersAndDigits(text) == 0 || n > maxStatement {
			d.issue("confirm", fmt.Sprintf("a statement to confirm is a sentence of up to %d characters", maxStatement), "approval", "confirm", i)
		}
	}
	if len(d.contract.terms.stages.Stages) == 0 && (c.CommentMinLength.or(0) > 0 || len(c.Confirm) > 0) {
		d.issue("comment_nobody", "nobody approves under this contract, so nobody can be asked to write or confirm anything", "approval")
	}
}

func (c *comments) plan(q *query) {
	r := &q.draft.Rule
	r.Comment, r.DenyComment, r.Confirm = c.CommentMinLength.or(0), c.DenyCommentMinLength.or(0), c.Confirm
}

func (*comments) explain(p access.Plan) (lines []Line) {
	if p.Rule.Auto {
		return nil
	}
	if n := p.Rule.Comment; n > 0 {
		lines = append(lines, Line{"approval", fmt.Sprintf("says why, in %d letters and digits at least", n)})
	}
	for _, text := range p.Rule.Confirm {
		lines = append(lines, Line{"approval", "confirms: " + text})
	}
	if n := p.Rule.DenyComment; n > 0 {
		lines = append(lines, Line{"denial", fmt.Sprintf("says why, in %d letters and digits at least", n)})
	}
	return lines
}
