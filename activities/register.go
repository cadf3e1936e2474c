package activities

import (
	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/activities/api"
)

// Registry is where activities are registered: a worker, or a test environment.
type Registry interface {
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

func register(r Registry, byName map[string]any) {
	for name, a := range byName {
		r.RegisterActivityWithOptions(a, activity.RegisterOptions{Name: name})
	}
}

// Register registers what runs on the control queue.
func (c *Control) Register(r Registry) {
	register(r, map[string]any{api.VerifyDecisions: c.VerifyDecisions, api.VerifyInTask: c.VerifyInTask, api.RecordTransition: c.RecordTransition})
}

// Register registers what runs on the queue of each target.
func (t *Targets) Register(r Registry) {
	register(r, map[string]any{
		api.ResolveScopes: t.ResolveScopes, api.OpenGrant: t.OpenGrant,
		api.ExtendGrant: t.ExtendGrant, api.MintCredential: t.MintCredential,
	})
}

// RegisterClosing registers what runs on the queue on which a target's grants
// are closed.
func (t *Targets) RegisterClosing(r Registry) {
	register(r, map[string]any{api.CloseGrant: t.CloseGrant})
}
