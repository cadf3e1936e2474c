package contracts

import "ramp.dev/ramp/access"

// passkey wants each approval signed with the approver's own passkey.
type passkey struct {
	Passkey bool `yaml:"passkey"`
}

func (*passkey) section() string { return "approval" }

func (p *passkey) check(d *document) {
	if p.Passkey && d.contract.terms.auto.Auto != "" {
		d.issue("passkey_auto", "approval.passkey wants a person's signature, and approval.auto approves without one; choose", "approval", "passkey")
	}
}

func (p *passkey) plan(q *query) { q.draft.Rule.Passkey = p.Passkey }

func (p *passkey) offer(o *Offer) { o.Approval.Passkey = p.Passkey }

func (*passkey) explain(p access.Plan) []Line {
	if !p.Rule.Passkey {
		return nil
	}
	return []Line{{"passkey", "each approval is signed with the approver's own"}}
}
