package verified

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// InventoryLedger keeps what targets have, signed by their workers.
type InventoryLedger interface {
	Inventory(ctx context.Context, name access.InventoryName) ([]byte, error)
	InventoryKeptAt(ctx context.Context, name access.InventoryName) (time.Time, error)
}

// Inventories reads what targets have from the ledger, and returns only what a worker of
// the target has signed. What it has verified it keeps until the ledger has another, so
// that a page of choices costs one small row. It is safe for concurrent use.
type Inventories struct {
	Ledger  InventoryLedger
	Workers evidence.Keyring // an empty one knows no inventory: nobody could be believed
	Log     logrus.FieldLogger

	mu   sync.Mutex
	read map[access.InventoryName]readInventory
}

// readInventory is one list as it was last read; a list that could not be verified is nil.
type readInventory struct {
	keptAt    time.Time
	inventory *access.Inventory
}

// Inventories returns the lists of some names, as far as they are known. Nothing may be
// changed in them. How old each is, its reader judges.
func (i *Inventories) Inventories(ctx context.Context, names ...access.InventoryName) (out []*access.Inventory) {
	if i == nil || i.Workers.Empty() {
		return nil
	}
	for _, name := range names {
		if one := i.inventory(ctx, name); one != nil {
			out = append(out, one)
		}
	}
	return out
}

func (i *Inventories) inventory(ctx context.Context, name access.InventoryName) *access.Inventory {
	keptAt, err := i.Ledger.InventoryKeptAt(ctx, name)
	if err != nil {
		i.unknown(name, err)
		return nil
	}
	i.mu.Lock()
	known, read := i.read[name]
	i.mu.Unlock()
	if read && known.keptAt.Equal(keptAt) {
		return known.inventory
	}
	fresh := readInventory{keptAt: keptAt}
	if fresh.inventory, err = i.verify(ctx, name); err != nil {
		i.unknown(name, err)
		if access.CodeOf(err) != access.CodeEvidence {
			return nil // it is read again
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.read == nil {
		i.read = map[access.InventoryName]readInventory{}
	}
	i.read[name] = fresh
	return fresh.inventory
}

func (i *Inventories) verify(ctx context.Context, name access.InventoryName) (*access.Inventory, error) {
	b, err := i.Ledger.Inventory(ctx, name)
	if err != nil {
		return nil, err
	}
	signed, err := evidence.ReadEnvelope(b)
	if err != nil {
		return nil, err
	}
	return i.Workers.VerifyInventory(signed, name)
}

// unknown says in the log why a list is not known; that there is none is usual.
func (i *Inventories) unknown(name access.InventoryName, err error) {
	if i.Log != nil && access.CodeOf(err) != access.CodeNotFound {
		i.Log.WithError(err).WithField("inventory", name.String()).Warn("an inventory is not known")
	}
}
