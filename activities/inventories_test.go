package activities_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// has gives the worker's target lists of choices.
func (w *worker) has(lists map[string][]access.Choice) {
	w.target = faketarget.New(faketarget.Config{Now: func() time.Time { return w.now }, Bounds: integrations.Bounds{Ending: time.Minute},
		OnEffect: func(m faketarget.Effect) { w.effects = append(w.effects, m) }, Inventory: func() map[string][]access.Choice { return lists }})
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: w.target}, nil)
}

func (w *worker) inventory(list string) (*access.Inventory, error) {
	name := access.InventoryName{Target: targetName, List: list}
	b, err := w.ledger.Inventory(context.Background(), name)
	if err != nil {
		return nil, err
	}
	var signed evidence.Envelope
	require.NoError(w, json.Unmarshal(b, &signed))
	return w.targets.Workers.VerifyInventory(signed, name)
}

// TestInventoriesAreKept: each list is kept as the worker signed it; one that cannot be had
// stays as it was, with its age, and one that is no more is forgotten.
func TestInventoriesAreKept(t *testing.T) {
	w, ctx := newWorker(t), context.Background()
	lists := map[string][]access.Choice{"accounts": {{Value: "b"}, {Value: "a", Label: "A"}, {Value: "c"}}, "sets": {{Value: "admin"}}}
	w.has(lists)
	require.NoError(t, w.targets.RenewInventories(ctx, targetName))
	i, err := w.inventory("accounts")
	require.NoError(t, err)
	require.Equal(t, []access.Choice{{Value: "a", Label: "A"}, {Value: "b"}, {Value: "c"}}, i.Choices)
	require.Equal(t, start, i.At)

	w.now = start.Add(time.Hour)
	w.target.FailNext(faketarget.OpChoices, faketarget.NoFault, faketarget.Unavailable, faketarget.Unavailable)
	require.Error(t, w.targets.RenewInventories(ctx, targetName))
	i, err = w.inventory("accounts")
	require.NoError(t, err)
	require.Equal(t, start, i.At, "it is as old as it was")

	delete(lists, "sets")
	require.NoError(t, w.targets.RenewInventories(ctx, targetName))
	_, err = w.inventory("sets")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	i, err = w.inventory("accounts")
	require.NoError(t, err)
	require.Equal(t, w.now, i.At)

	t.Run("not by a worker without a key", func(t *testing.T) {
		w := newWorker(t)
		w.has(lists)
		w.targets.Signer = nil
		require.NoError(t, w.targets.RenewInventories(ctx, targetName))
		_, err := w.inventory("accounts")
		require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	})
}

// TestChoicesAreLookedAtAgain: the worker opens nothing for a choice that is gone by then,
// or that is described otherwise than people approved it; what a pattern alone allowed, or
// another target lists, is the target's to judge.
func TestChoicesAreLookedAtAgain(t *testing.T) {
	chosen := access.Chosen{Param: "account", Target: targetName, List: "accounts", Choice: access.Choice{Value: "a", Label: "A", Attributes: map[string]string{"team": "x"}},
		Inventory: "sha256:x", At: start}
	unknown, elsewhere := chosen, chosen
	unknown.Inventory, elsewhere.Target = "", "ssh/elsewhere"
	same := access.Choice{Value: "a", Label: "A", Attributes: map[string]string{"team": "x"}}
	for what, c := range map[string]struct {
		now    []access.Choice
		chosen access.Chosen
		issue  string
	}{
		"as it was":            {[]access.Choice{{Value: "0"}, same}, chosen, ""},
		"gone":                 {[]access.Choice{{Value: "0"}}, chosen, "choice_gone"},
		"of another team":      {[]access.Choice{{Value: "a", Label: "A", Attributes: map[string]string{"team": "y"}}}, chosen, "choice_changed"},
		"of another name":      {[]access.Choice{{Value: "a", Label: "B", Attributes: same.Attributes}}, chosen, "choice_changed"},
		"by its pattern alone": {nil, unknown, ""},
		"of another target":    {nil, elsewhere, ""},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorker(t)
			w.has(map[string][]access.Choice{"accounts": c.now})
			a := w.asks(func(p *access.Plan) { p.Choices = []access.Chosen{c.chosen} })
			d := a.decision(bob, access.Approve)
			_, err := a.verify(d)
			require.NoError(t, err)
			err = a.open(w.now.Add(30*time.Minute), d)
			if c.issue == "" {
				require.NoError(t, err)
				require.Len(t, w.target.Objects(), 1)
				return
			}
			require.Equal(t, c.issue, access.IssuesOf(err)[0].Code)
			require.Empty(t, w.target.Objects())
		})
	}
}

// TestCase116OwnerByTag: whoever writes a target's tags makes themselves the owner of what
// was chosen. An approver is who the signed rule names, from the people of its stage; and
// where the owner is another one by the time that access opens, nothing opens.
func TestCase116OwnerByTag(t *testing.T) {
	named := func(owner string) access.Choice {
		return access.Choice{Value: "a", Attributes: map[string]string{"owner": owner}}
	}
	ask := func(t *testing.T, now access.Choice) (*worker, asked) {
		w := newWorker(t)
		w.has(map[string][]access.Choice{"accounts": {now}})
		return w, w.asks(func(p *access.Plan) {
			p.Choices = []access.Chosen{{Param: "account", Target: targetName, List: "accounts", Choice: named(bob.ID), Inventory: "sha256:x", At: start}}
			p.Rule.Stages = []access.Stage{{Name: "owner", From: []string{"approvers"}, Approvals: 1, Where: &access.ApproverCheck{Field: "id", In: []string{bob.ID}}}}
		})
	}
	mallory := access.Person{ID: "mallory", Kind: access.KindHuman, Groups: []string{"approvers"}}
	t.Run("the owner opens", func(t *testing.T) {
		w, a := ask(t, named(bob.ID))
		require.NoError(t, a.open(w.now.Add(30*time.Minute), a.decision(bob, access.Approve)))
		require.Len(t, w.target.Objects(), 1)
	})
	t.Run("another does not", func(t *testing.T) {
		w, a := ask(t, named(bob.ID))
		_, err := a.verify(a.decision(mallory, access.Approve))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.Error(t, a.open(w.now.Add(30*time.Minute), a.decision(mallory, access.Approve)))
		require.Empty(t, w.target.Objects())
	})
	t.Run("who became it meanwhile", func(t *testing.T) {
		w, a := ask(t, named(mallory.ID))
		_, err := a.verify(a.decision(mallory, access.Approve))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		err = a.open(w.now.Add(30*time.Minute), a.decision(bob, access.Approve))
		require.Equal(t, "choice_changed", access.IssuesOf(err)[0].Code)
		require.Empty(t, w.target.Objects())
	})
}
