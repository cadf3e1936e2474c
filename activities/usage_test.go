package activities_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// usedTarget is a fake target that knows how its grants were used.
type usedTarget struct {
	*faketarget.Target
	usage func() (access.Usage, error)
	stays bool
}

func (t *usedTarget) Usage(context.Context, access.Grant) (access.Usage, error) { return t.usage() }
func (t *usedTarget) WatchUsage(context.Context) error                          { return nil }
func (t *usedTarget) UsageStays() bool                                          { return t.stays }

var used = access.Usage{Kind: access.UsageSessions, First: start.Add(time.Minute), Last: start.Add(20 * time.Minute), Sessions: 3, For: access.Duration(12 * time.Minute)}

// reports has the worker's target say how its grants were used.
func (w *worker) reports(stays bool, usage func() (access.Usage, error)) {
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: &usedTarget{w.target, usage, stays}}, nil)
}

// recordedUsage returns what the event of the closing says, and the worker's receipt.
func (a asked) recordedUsage() (event access.Usage, receipt *access.Usage) {
	timeline, _, err := a.ledger.Timeline(context.Background(), a.plan.RequestID)
	require.NoError(a, err)
	for _, e := range timeline {
		if e.Kind == access.EventGrantClosed {
			var said bool
			event, said = e.Usage()
			require.True(a, said, "%v", e.Detail)
		}
	}
	statements, err := a.ledger.Statements(context.Background(), a.plan.RequestID)
	require.NoError(a, err)
	for _, b := range statements {
		e, err := evidence.ReadEnvelope(b)
		require.NoError(a, err)
		if e.PayloadType != evidence.TypeReceipt {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(e.Payload)
		require.NoError(a, err)
		var r access.Receipt
		require.NoError(a, json.Unmarshal(b, &r))
		if r.Kind == access.ReceiptClosed {
			receipt = r.Usage
		}
	}
	return event, receipt
}

// TestUsageIsRecorded: what a target says stands in the event of the closing and in the
// worker's receipt, without an event of its own.
func TestUsageIsRecorded(t *testing.T) {
	for name, stays := range map[string]bool{"BeforeItIsRevoked": false, "OnceItIsGone": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t)
			a := w.approvedAndOpen()
			w.reports(stays, func() (access.Usage, error) {
				require.Equal(t, stays, len(w.target.Objects()) == 0, "when it is asked")
				return used, nil
			})
			before := a.eventCounts()
			require.NoError(t, a.close())
			event, receipt := a.recordedUsage()
			require.Equal(t, used, event)
			require.Equal(t, &used, receipt)
			before[access.EventGrantClosed]++
			require.Equal(t, before, a.eventCounts())
			r := a.request()
			r.Timeline, _, _ = w.ledger.Timeline(t.Context(), r.ID)
			require.Equal(t, []access.GrantUsage{{Grant: a.grant(), Target: targetName, Usage: used}}, r.Usage())
		})
	}
}

// TestClosingGoesOnWithoutUsage: a target that does not say, because it fails or because it
// hangs, is closed all the same, and the record says that the usage is not known.
func TestClosingGoesOnWithoutUsage(t *testing.T) {
	hung := make(chan struct{})
	t.Cleanup(func() { close(hung) })
	for name, usage := range map[string]func() (access.Usage, error){
		"ItFails": func() (access.Usage, error) { return used, access.Errorf(access.CodeUnavailable, "no route to host") },
		"ItHangs": func() (access.Usage, error) { <-hung; return used, nil },
	} {
		for when, stays := range map[string]bool{"Before": false, "Gone": true} {
			t.Run(name+when, func(t *testing.T) {
				w := newWorker(t)
				a := w.approvedAndOpen()
				w.reports(stays, usage)
				require.NoError(t, a.close())
				require.Empty(t, w.target.Objects())
				event, receipt := a.recordedUsage()
				require.Equal(t, access.Usage{Kind: access.UsageNotKnown}, event)
				require.Equal(t, &event, receipt)
			})
		}
	}
}

// TestUsageOutlivesAFailedClosing: the first attempt takes away what the target knows by.
func TestUsageOutlivesAFailedClosing(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	asked := 0
	w.reports(false, func() (access.Usage, error) {
		if asked++; asked > 1 {
			return access.Usage{}, integrations.ErrNotOpen
		}
		return used, nil
	})
	w.target.FailNext(faketarget.OpRevoke, faketarget.LostReply)
	require.Error(t, a.close())
	require.NoError(t, a.close())
	require.Equal(t, 2, asked)
	event, _ := a.recordedUsage()
	require.Equal(t, used, event)
}

// A usage travels in no message: whoever speaks to Temporal directly records none.
func TestNobodySendsAUsage(t *testing.T) {
	b, err := json.Marshal(access.Transition{Usage: &used})
	require.NoError(t, err)
	require.NotContains(t, string(b), "sessions")
	var read access.Transition
	require.NoError(t, json.Unmarshal([]byte(`{"usage": {"kind": "sessions"}, "Usage": {"kind": "sessions"}}`), &read))
	require.Nil(t, read.Usage)
}
