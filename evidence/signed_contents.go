package evidence

import "ramp.dev/ramp/access"

// Unsigned is a statement in a pack that none of those have signed who may make it, or that
// is about another request or plan.
type Unsigned struct {
	Type   string // the type that it claims
	Reason string // why it counts for nothing
	Text   string // what it says, cut to a length to show
}

// SignedContents returns the statements of a pack that are signed by those who may make
// them, and apart those that are not. With no keys of workers, receipts and orders that
// workers give are among the first, unverified. Whether the statements together prove
// anything, Verify says. Errors are CodeEvidence if nobody who may has signed the plan:
// nothing can be about it then.
func (p Pack) SignedContents(servers, workers Keyring) (c PackContents, others []Unsigned, err error) {
	v := &verifier{Pack: p, servers: servers, workers: workers, opened: map[string]access.Receipt{}, closed: map[string]access.Receipt{}}
	if _, err := v.checkPlan(); err != nil {
		return c, nil, err
	}
	signed := Pack{Plan: p.Plan}
	for _, e := range p.Statements {
		err := requireCanonical(e)
		if err == nil && !(len(workers.keys) == 0 && fromWorker(e)) {
			err = v.sortStatement(e)
		}
		if err == nil {
			_, err = Pack{Plan: p.Plan, Statements: []Envelope{e}}.Contents()
		}
		if err != nil {
			text, _ := e.DecodeB64Payload() // what is no base64 says nothing
			others = append(others, Unsigned{Type: access.Clip(e.PayloadType, 60), Reason: err.Error(), Text: access.Clip(string(text), 2000)})
			continue
		}
		signed.Statements = append(signed.Statements, e)
	}
	c, err = signed.Contents()
	return c, others, err
}

// fromWorker reports whether a statement is one of those that workers make.
func fromWorker(e Envelope) bool {
	if e.PayloadType == TypeReceipt {
		return true
	}
	o, _, err := decode[access.EndOrder](e, TypeEnd)
	return err == nil && o.Kind == access.EndOffboard && o.By == access.ActorDirectory
}
