package kubernetes

import (
	"cmp"
	"context"

	core "k8s.io/api/core/v1"

	"ramp.dev/ramp/access"
)

// Revoke implements integrations.Target. It deletes the account, which voids its tokens,
// and then the bindings. API servers remember for up to ten seconds that a token was
// valid; in that time it is one without rights. A crash after any step leaves something
// that List finds, or a binding of nobody, and running all steps again is right.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	account, err := t.anyAccount(ctx, g.Name)
	if err != nil {
		return err
	}
	// Where the account cannot be deleted, as where somebody's webhook refuses that, it has
	// no rights without its bindings.
	return cmp.Or(t.dropAccount(ctx, account), t.dropBindings(ctx, g.Name))
}

// dropAccount deletes a grant's account, if it is there. Whatever has a finalizer stays
// until somebody takes it off.
func (t *target) dropAccount(ctx context.Context, account *core.ServiceAccount) error {
	if account == nil {
		return nil
	}
	if len(account.Finalizers) > 0 {
		account.Finalizers = nil
		if _, err := t.api.replace(ctx, t.accountPath(account.Name), account); err != nil {
			return err
		}
	}
	return t.api.remove(ctx, t.accountPath(account.Name))
}

// dropBindings deletes all bindings of a grant, in whatever namespace. One that cannot be
// deleted holds up no other.
func (t *target) dropBindings(ctx context.Context, grant string) error {
	there, err := t.bindings(ctx, grant)
	if err != nil {
		return err
	}
	var first error
	for _, b := range there {
		if err := t.dropBinding(ctx, b); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (t *target) dropBinding(ctx context.Context, b binding) error {
	if len(b.Finalizers) > 0 {
		b.Finalizers = nil
		if _, err := t.api.replace(ctx, bindingPath(b), typed(b)); err != nil {
			return err
		}
	}
	return t.api.remove(ctx, bindingPath(b))
}
