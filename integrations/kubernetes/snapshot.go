package kubernetes

import (
	"context"
	"sync"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// snapshot is what there was in the cluster a moment ago, of which only a part belongs to
// any grant. Looking at a hundred grants one after the other would otherwise read all
// bindings a hundred times.
type snapshot struct {
	mu       sync.Mutex
	at       time.Time
	bindings []binding
	secrets  []meta.PartialObjectMetadata
}

// everything returns all bindings in the cluster, and the token secrets in home, as they
// were no longer than half of lag ago.
func (t *target) everything(ctx context.Context) ([]binding, []meta.PartialObjectMetadata, error) {
	t.seen.mu.Lock()
	defer t.seen.mu.Unlock()
	if time.Since(t.seen.at) < lag/2 {
		return t.seen.bindings, t.seen.secrets, nil
	}
	began := time.Now()
	bindings, err := t.listBindings(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	secrets, err := t.tokenSecrets(ctx)
	if err != nil {
		return nil, nil, err
	}
	t.seen.at, t.seen.bindings, t.seen.secrets = began, bindings, secrets
	return bindings, secrets, nil
}
