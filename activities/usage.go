package activities

import (
	"context"
	"sync"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// usages keep how grants were used, as their targets said before they were revoked, while
// their closing is tried again: a target that has taken a part of it away already knows
// less. The zero value is ready.
type usages struct {
	mu   sync.Mutex
	said map[string]access.Usage // by grant
}

// maxUsages bounds what is kept of closings that another worker completes.
const maxUsages = 1000

// before asks a grant's target how it was used, if only an open grant's usage is known
// there; otherwise it returns nil.
func (u *usages) before(ctx context.Context, b *integrations.Broker, g access.Grant) *access.Usage {
	now := b.Usage(ctx, g, false)
	if now == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if earlier, there := u.said[g.Name]; there && !now.Used() {
		return &earlier
	}
	if now.Used() && len(u.said) < maxUsages {
		if u.said == nil {
			u.said = map[string]access.Usage{}
		}
		u.said[g.Name] = *now
	}
	return now
}

// forget forgets a grant that is closed.
func (u *usages) forget(grant string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.said, grant)
}
