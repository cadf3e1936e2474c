package mysql

import (
	"context"
	"strings"

	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader: what Ramp needs, procedures do, which setup
// makes, so that its own account needs no right but to call them. Errors are those of the
// server; without the procedures nothing can be compared.
func (t *target) Rights(ctx context.Context) (r integrations.Rights, err error) {
	err = t.with(ctx, func(c *session) error {
		found, err := checked(ctx, c)
		for _, one := range found {
			if what, tooMuch := strings.CutSuffix(one, ", which it need not"); tooMuch {
				r.TooMuch = append(r.TooMuch, what)
			} else {
				r.Lacks = append(r.Lacks, one)
			}
		}
		return err
	})
	return r, err
}
