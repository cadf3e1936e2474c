package kubernetes

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Extend implements integrations.Extender. Tokens that were picked up before keep their
// end, which is written in them; picking up again gives one with the new end.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	account, there, err := t.find(ctx, g)
	if err != nil || endOf(account.ObjectMeta).After(g.ExpiresAt) {
		return err
	}
	t.mark(&account.ObjectMeta, g)
	found, err := t.api.replace(ctx, t.accountPath(g.Name), account)
	if err == nil && !found {
		err = integrations.ErrNotOpen
	}
	if err != nil {
		return err
	}
	for _, b := range there {
		t.mark(&b.ObjectMeta, g)
		if _, err := t.api.replace(ctx, bindingPath(b), typed(b)); err != nil {
			return err
		}
	}
	return t.stillThere(ctx, account)
}
