package activities

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// InventoryLedger keeps what targets have.
type InventoryLedger interface {
	KeepInventory(ctx context.Context, name access.InventoryName, envelope []byte, at time.Time) error
	ForgetInventory(ctx context.Context, name access.InventoryName) error
	InventoryLists(ctx context.Context, target string) ([]string, error)
}

// RenewInventories asks a target for each of its lists and keeps them, signed, for
// servers. A list that cannot be had stays as it was, and gets too old; one that the
// target has no more is forgotten. A worker without a key keeps nothing: nobody could
// believe it.
func (t *Targets) RenewInventories(ctx context.Context, target string) error {
	if t.Signer == nil {
		return nil
	}
	lists, err := t.Broker.Lists(target)
	if err != nil {
		return err
	}
	kept, err := t.Ledger.InventoryLists(ctx, target)
	for _, list := range kept {
		if !slices.Contains(lists, list) {
			err = errors.Join(err, t.Ledger.ForgetInventory(ctx, access.InventoryName{Target: target, List: list}))
		}
	}
	for _, list := range lists {
		err = errors.Join(err, t.renewInventory(ctx, access.InventoryName{Target: target, List: list}))
	}
	return err
}

func (t *Targets) renewInventory(ctx context.Context, name access.InventoryName) error {
	at := t.now().Truncate(time.Second) // before the target is asked: what it says is no older
	choices, err := t.Broker.Choices(ctx, name.Target, name.List)
	if err != nil {
		return err
	}
	signed, err := t.Signer.SignInventory(access.Inventory{Target: name.Target, List: name.List, Choices: choices, At: at})
	if err != nil {
		return err
	}
	b, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return t.Ledger.KeepInventory(ctx, name, b, t.now())
}

// verifyChoices asks the target once more for what people chose on it, before it opens: a
// plan whose choice is gone by then, or is described otherwise than approvers saw it,
// opens nothing. Errors are CodeConflict, and those of the target. What a pattern alone
// allowed, and what another target lists, is not looked at: the target judges the
// entitlement in any case.
func (t *Targets) verifyChoices(ctx context.Context, plan access.Plan, g access.Grant) error {
	lists := map[string][]access.Choice{}
	for _, c := range plan.Choices {
		if c.Target != g.Target || !c.Known() {
			continue
		}
		if lists[c.List] == nil {
			var err error
			if lists[c.List], err = t.Broker.Choices(ctx, c.Target, c.List); err != nil {
				return err
			}
		}
		i := access.Inventory{Choices: lists[c.List]}
		switch now, there := i.Find(c.Value); {
		case !there:
			return access.Refuse(access.CodeConflict, "choice_gone", "%q is no more among the %s of %s; ask again", access.Clip(c.Value, 60), c.List, c.Target)
		case !now.Same(c.Choice):
			return access.Refuse(access.CodeConflict, "choice_changed", "%q is described otherwise among the %s of %s than in the plan that was approved; ask again", access.Clip(c.Value, 60), c.List, c.Target)
		}
	}
	return nil
}
