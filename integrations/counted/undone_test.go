package counted_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/ledger"
)

// phase is how far a grant is in TestCase163UndoneClosings.
type phase string

const (
	isOpen    phase = "open"
	isFalse   phase = "called closed by a worker that looked at another service"
	isUndone  phase = "to be closed again by its own worker"
	isClosed  phase = "closed"
	notOpened phase = ""
)

// TestCase163UndoneClosings: several grants hold one membership, and a worker that has another
// service under the target's name closes some of them there, in the same ledger; servers undo
// that, sooner or later, and the target's own worker closes again. In all orders, the
// membership is there while a grant is open of which nobody has said otherwise, and gone when
// all are closed; and what an administrator gives then stays.
func TestCase163UndoneClosings(t *testing.T) {
	led, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { led.Close() })
	rapid.Check(t, func(t *rapid.T) {
		service, ctx, at := &club{}, context.Background(), time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
		name := "club/" + string(access.NewRequestID())
		targetOf := func(c *club) counted.Target {
			target := counted.New(c, counted.Shared{Prefix: "membership "})
			target.UseHolders(led.Holders(name))
			return target
		}
		own, elsewhere := targetOf(service), targetOf(&club{})
		var (
			grants []access.Grant
			is     = map[string]phase{}
			byHand bool // an administrator gave it, and no grant holds it
		)
		for range 3 {
			id := access.NewRequestID()
			g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: name, Principal: "alice", ExpiresAt: at.Add(time.Hour)}
			_, err := led.Submit(ctx, ledger.Submission{Request: access.Request{ID: id, Contract: "club", State: access.StatePending, CreatedAt: at,
				Requester: access.Person{ID: "alice"}, Stages: []access.StageStatus{}, Decisions: []access.Decision{}}, PlanEnvelope: []byte("{}")})
			require.NoError(t, err)
			require.NoError(t, led.Advance(ctx, access.Transition{RequestID: id, To: access.StateApproved, At: at}))
			grants = append(grants, g)
		}
		some := func(phases ...phase) bool {
			return slices.ContainsFunc(grants, func(g access.Grant) bool { return slices.Contains(phases, is[g.Name]) })
		}
		one := rapid.SampledFrom(grants)
		closes := func(g access.Grant) {
			require.NoError(t, own.Revoke(ctx, g))
			there, err := own.Inspect(ctx, g)
			require.NoError(t, err)
			require.False(t, there.Open, g.Name)
			require.NoError(t, led.MarkClosed(ctx, g.Name, at))
			is[g.Name] = isClosed
		}
		undo := func(g access.Grant) {
			undone, err := led.ReopenGrant(ctx, g.Name, nil, at, "no worker of the target has signed it")
			require.NoError(t, err)
			require.True(t, undone)
			is[g.Name] = isUndone
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				g := one.Draw(t, "grant")
				if is[g.Name] != notOpened {
					return
				}
				foreign := byHand || service.there && !some(isOpen, isUndone) // nobody holds what is there
				err := own.Grant(ctx, g)
				if foreign {
					require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
					return
				}
				require.NoError(t, err)
				require.NoError(t, led.IntendGrant(ctx, g, at))
				require.NoError(t, led.MarkOpened(ctx, g.Name, at, access.Activation(g.RequestID, at, g.ExpiresAt)))
				is[g.Name] = isOpen
			},
			"close": func(t *rapid.T) {
				g := one.Draw(t, "grant")
				if is[g.Name] == isOpen || is[g.Name] == isUndone || is[g.Name] == isClosed {
					closes(g)
				}
			},
			"close elsewhere": func(t *rapid.T) {
				g := one.Draw(t, "grant")
				if is[g.Name] == isOpen || is[g.Name] == isUndone {
					require.NoError(t, elsewhere.Revoke(ctx, g))
					require.NoError(t, led.MarkClosed(ctx, g.Name, at))
					is[g.Name] = isFalse
				}
			},
			"undo": func(t *rapid.T) {
				if g := one.Draw(t, "grant"); is[g.Name] == isFalse {
					undo(g)
				}
			},
			"administrator gives": func(*rapid.T) {
				if !some(isOpen, isFalse, isUndone) {
					service.there, byHand = true, true
				}
			},
			"": func(t *rapid.T) {
				if some(isOpen) {
					require.True(t, service.there, "%v", is)
				}
				if !some(isOpen, isFalse, isUndone) {
					require.Equal(t, byHand, service.there, "%v", is)
				}
				listed, err := own.List(ctx)
				require.NoError(t, err)
				for name, p := range is {
					if p == isUndone && service.there {
						require.True(t, slices.ContainsFunc(listed, func(l integrations.ListedGrant) bool { return l.Name == name }), "its reconciler finds it")
					}
				}
			},
		})
		for _, g := range grants {
			if is[g.Name] == isFalse {
				undo(g)
			}
		}
		for _, g := range grants {
			if is[g.Name] == isOpen || is[g.Name] == isUndone {
				closes(g)
			}
		}
		require.Equal(t, byHand, service.there)
	})
}
