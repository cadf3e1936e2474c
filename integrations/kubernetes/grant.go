package kubernetes

import (
	"context"
	"time"

	core "k8s.io/api/core/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// undoTimeout bounds taking back bindings whose account was deleted meanwhile.
const undoTimeout = 10 * time.Second

// Grant implements integrations.Target. Errors are also of code conflict: the grant is
// open on other terms, or was revoked while it was being opened.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	want, err := t.config.rightsOf(g.Entitlement)
	if err != nil {
		return err
	}
	// The account comes first: bindings without one give nobody anything. The end of one
	// that is there is left alone: this may be a retry that an extension overtook.
	var account core.ServiceAccount
	made, err := t.api.create(ctx, t.accountsPath(), t.newAccount(g), &account)
	if err != nil {
		return err
	}
	if !made {
		there, err := t.account(ctx, g.Name)
		if err != nil {
			return err
		}
		if there == nil {
			return integrations.ErrRevoked
		}
		account = *there
		if end := endOf(account.ObjectMeta); !end.IsZero() {
			g.ExpiresAt = end
		}
	}
	for _, namespace := range want.namespaces {
		// One that is there is looked at below.
		if _, err := t.api.create(ctx, bindingsPath(namespace), t.newBinding(g, want.role, namespace), nil); err != nil {
			return err
		}
	}
	there, err := t.bindings(ctx, g.Name)
	if err != nil {
		return err
	}
	// A revoke deletes the account first: so either it is gone here, or the revoke finds
	// the bindings.
	if err := t.stillThere(ctx, &account); err != nil {
		return err
	}
	return t.check(there, want)
}

// stillThere returns an error of code conflict if an account is gone, and then takes back
// the bindings that were made for it meanwhile.
func (t *target) stillThere(ctx context.Context, a *core.ServiceAccount) error {
	now, err := t.account(ctx, a.Name)
	if err != nil || now != nil && now.UID == a.UID {
		return err
	}
	if now == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		if err := t.dropBindings(ctx, a.Name); err != nil {
			return err
		}
	}
	return integrations.ErrRevoked
}

// find returns a grant's account, and its bindings by namespace. Errors are also of code
// not_found (nothing is open) and conflict (the grant was changed by hand).
func (t *target) find(ctx context.Context, g access.Grant) (*core.ServiceAccount, map[string]binding, error) {
	want, err := t.config.rightsOf(g.Entitlement)
	if err != nil {
		return nil, nil, err
	}
	account, err := t.account(ctx, g.Name)
	if err == nil && account == nil {
		err = integrations.ErrNotOpen
	}
	if err != nil {
		return nil, nil, err
	}
	if endOf(account.ObjectMeta).IsZero() {
		return nil, nil, integrations.ErrChanged("its service account")
	}
	there, err := t.bindings(ctx, g.Name)
	if err == nil {
		err = t.check(there, want)
	}
	return account, there, err
}
