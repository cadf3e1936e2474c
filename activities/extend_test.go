package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
)

func (a asked) extend(by access.Person, number int, adds time.Duration, until time.Time) error {
	e, err := a.signer.SignExtension(access.ExtensionOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest,
		Number: number, From: until.Add(-adds), Adds: access.Duration(adds), By: by, At: a.now})
	if err != nil {
		return err // no signer signs what nobody could read
	}
	return a.extendWith(e)
}

func (a asked) extendWith(order evidence.Envelope) error {
	_, err := a.env.ExecuteActivity(api.ExtendGrant, api.ExtendGrantInput{Plan: a.signed, Order: order, Grant: a.grant()})
	return api.FromTemporal(err)
}

// TestStepUp: where the plan wants a newer login, an order without one moves no
// end and mints nothing, whatever server signed it.
func TestStepUp(t *testing.T) {
	w := newWorker(t)
	recipient, err := evidence.NewRecipient()
	require.NoError(t, err)
	loggedIn := func(ago time.Duration) access.Person {
		p := alice
		p.LoggedInAt = w.now.Add(-ago)
		return p
	}
	a := w.asks(func(p *access.Plan) { p.StepUp, p.Requester = access.Duration(15*time.Minute), loggedIn(0) })
	end := w.now.Add(30 * time.Minute)
	approval := a.decision(bob, access.Approve)
	_, err = a.verify(approval)
	require.NoError(t, err)
	require.NoError(t, a.open(end, approval))
	mint := func(by access.Person) error {
		e, err := a.signer.SignPickUp(access.PickUpOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Grant: a.grant(),
			Recipient: recipient.Public(), By: by, At: a.now})
		require.NoError(t, err)
		_, err = a.env.ExecuteActivity(api.MintCredential, api.MintCredentialInput{Plan: a.signed, Order: e})
		return api.FromTemporal(err)
	}
	for _, stale := range []access.Person{alice, loggedIn(16 * time.Minute)} {
		require.Equal(t, access.CodeEvidence, access.CodeOf(mint(stale)))
		require.Equal(t, access.CodeEvidence, access.CodeOf(a.extend(stale, 1, 10*time.Minute, end.Add(10*time.Minute))))
	}
	require.Equal(t, end, a.row().ExpiresAt)
	require.NoError(t, mint(loggedIn(14*time.Minute)))
	require.NoError(t, a.extend(loggedIn(14*time.Minute), 1, 10*time.Minute, end.Add(10*time.Minute)))
	require.Equal(t, end.Add(10*time.Minute), a.row().ExpiresAt)
}

// TestCase14Longer: an end moves only by an order of the requester, as far as the
// plan allows, and never back.
func TestCase14Longer(t *testing.T) {
	end := start.Add(30 * time.Minute)
	for name, c := range map[string]struct {
		by     access.Person
		number int
		adds   time.Duration
		until  time.Time
	}{
		"by somebody else":        {bob, 1, 10 * time.Minute, end.Add(10 * time.Minute)},
		"more often than allowed": {alice, 2, 10 * time.Minute, end.Add(10 * time.Minute)},
		"longer than allowed":     {alice, 1, time.Hour, end.Add(time.Hour)},
		"a little longer":         {alice, 1, 30*time.Minute + 10*time.Second, end.Add(30*time.Minute + 10*time.Second)},
		"from a later end":        {alice, 1, 10 * time.Minute, end.Add(20 * time.Minute)},
		"from an earlier end":     {alice, 1, 10 * time.Minute, end.Add(9 * time.Minute)},
		"backwards":               {alice, 1, -10 * time.Minute, end.Add(-10 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t)
			a := w.approvedAndOpen()
			require.Error(t, a.extend(c.by, c.number, c.adds, c.until))
			require.Equal(t, end, a.row().ExpiresAt)
			w.now = end
			require.Empty(t, w.target.Usable())
		})
	}
	t.Run("OK, and told twice", func(t *testing.T) {
		w := newWorker(t)
		a := w.approvedAndOpen()
		for range 2 {
			require.NoError(t, a.extend(alice, 1, 10*time.Minute, end.Add(10*time.Minute)))
		}
		require.Equal(t, end.Add(10*time.Minute), a.row().ExpiresAt)
	})
	t.Run("Case55 the order again, with whatever end", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks(func(p *access.Plan) {
			p.Extend = &access.ExtensionLimits{Times: 3, UpTo: access.Duration(3 * time.Hour)}
		})
		d := a.decision(bob, access.Approve)
		_, err := a.verify(d)
		require.NoError(t, err)
		require.NoError(t, a.open(end, d))
		sign := func(number int, from time.Time) evidence.Envelope {
			e, err := a.signer.SignExtension(access.ExtensionOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest,
				Number: number, From: from, Adds: access.Duration(10 * time.Minute), By: alice, At: a.now})
			require.NoError(t, err)
			return e
		}
		first := sign(1, end)
		require.NoError(t, a.extendWith(first))
		w.now = start.Add(5 * time.Minute)
		require.NoError(t, a.extendWith(first), "delivered again")
		require.Equal(t, end.Add(10*time.Minute), a.row().ExpiresAt, "an order fits once")
		require.Error(t, a.extendWith(sign(2, end)), "a second that starts from where the first did")
		require.NoError(t, a.extendWith(sign(2, end.Add(10*time.Minute))))
		require.NoError(t, a.extendWith(first), "it leads nowhere new")
		require.Equal(t, end.Add(20*time.Minute), a.row().ExpiresAt)
	})
	t.Run("Case61 an order that is held back", func(t *testing.T) {
		w := newWorker(t)
		a := w.approvedAndOpen()
		order, err := a.signer.SignExtension(access.ExtensionOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest,
			Number: 1, From: end, Adds: access.Duration(10 * time.Minute), By: alice, At: a.now})
		require.NoError(t, err)
		w.now = start.Add(access.ActWithin + time.Second)
		require.Equal(t, access.CodeTooLate, access.CodeOf(a.extendWith(order)))
		w.now = end
		require.Error(t, a.extend(alice, 1, 10*time.Minute, end.Add(10*time.Minute)), "access that is over is not extended")
		require.Equal(t, end, a.row().ExpiresAt)
	})
	t.Run("after closing", func(t *testing.T) {
		w := newWorker(t)
		a := w.approvedAndOpen()
		require.NoError(t, a.close())
		require.Equal(t, access.CodeConflict, access.CodeOf(a.extend(alice, 1, 10*time.Minute, end.Add(10*time.Minute))))
		require.Empty(t, w.target.Objects())
	})
}

func TestMint(t *testing.T) {
	recipient, err := evidence.NewRecipient()
	require.NoError(t, err)
	mintAt := func(a asked, by access.Person, at time.Time) error {
		e, err := a.signer.SignPickUp(access.PickUpOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Grant: a.grant(),
			Recipient: recipient.Public(), By: by, At: at})
		require.NoError(t, err)
		out, err := a.env.ExecuteActivity(api.MintCredential, api.MintCredentialInput{Plan: a.signed, Order: e})
		if err != nil {
			return api.FromTemporal(err)
		}
		var sealed evidence.SealedCredential
		require.NoError(t, out.Get(&sealed))
		order, err := evidence.NewKeyring(a.signer.Public()).VerifyPickUp(e)
		require.NoError(t, err)
		require.NoError(t, a.targets.Workers.VerifyDelivery(sealed, order, targetName), "the worker signs what it hands out (case 54)")
		return nil
	}
	mint := func(a asked, by access.Person) error { return mintAt(a, by, a.now) }
	minted := func(w *worker) (n int) {
		for _, m := range w.effects {
			if m.Op == faketarget.OpMint {
				n++
			}
		}
		return n
	}
	w := newWorker(t)
	a := w.approvedAndOpen()
	require.NoError(t, mint(a, alice))
	require.Equal(t, 1, minted(w))
	require.Equal(t, access.CodeEvidence, access.CodeOf(mint(a, bob)), "somebody else")
	require.Equal(t, access.CodeTooLate, access.CodeOf(mintAt(a, alice, a.now.Add(-2*time.Minute))), "an order kept for later")
	// Vault counts a token's life from now, so a slow clock would make it too long.
	require.Equal(t, access.CodeUnavailable, access.CodeOf(mintAt(a, alice, a.now.Add(2*time.Minute))), "a worker whose clock is slow")
	require.Equal(t, 1, minted(w))
	w.now = start.Add(30 * time.Minute)
	require.Equal(t, access.CodeConflict, access.CodeOf(mint(a, alice)), "after its end, and before it was closed")
	require.NoError(t, a.close())
	require.Equal(t, access.CodeConflict, access.CodeOf(mint(a, alice)), "after it was closed")
	require.Equal(t, 1, minted(w))
}
