package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// CheckEligible asks again, of somebody who asked before, whether the contract is for
// them: as they are now, as the contract is now. Nothing else of it is looked
// at; what was approved stays as it was approved. Errors are CodeForbidden, and
// CodeUnevaluated when it cannot be told.
func (c *Contract) CheckEligible(in Input, d access.Duration) error {
	// What no longer fits the params as they are declared now is left out: then
	// a condition that needs it cannot be evaluated.
	params, _ := c.checkParams(in.Request.Params)
	switch c.who.eval("who may ask", variables(in, params, d)).Result {
	case Satisfied:
		return nil
	case NotSatisfied:
		return &access.Error{Code: access.CodeForbidden, Issues: []access.Issue{{Code: "no_longer_eligible",
			Message: fmt.Sprintf("contract %s is no longer for you", c.Name)}}}
	}
	return &access.Error{Code: access.CodeUnevaluated, Issues: []access.Issue{{Code: "who_unevaluated",
		Message: fmt.Sprintf("whether contract %s is still for you could not be evaluated, so it is not", c.Name)}}}
}
