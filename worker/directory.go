package worker

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/directorysync"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/verified"
	"ramp.dev/ramp/workflows"
)

// directoryLedger is the ledger, with requests as they were signed: who writes to its
// database would otherwise say who asked, so that nobody has left, or everybody
// (docs/threats.md, case 53).
type directoryLedger struct {
	*ledger.Ledger
	signed *verified.Requests
}

var _ directorysync.Ledger = directoryLedger{}

func newDirectoryLedger(d Deps) directoryLedger {
	return directoryLedger{d.Ledger, &verified.Requests{Ledger: d.Ledger, Keys: d.Keyring, Log: d.Log, Now: clock.Now}}
}

// Requests lists requests as they were signed; see verified.Requests.
func (l directoryLedger) Requests(ctx context.Context, f ledger.RequestFilter) ([]access.Request, string, error) {
	return l.signed.Requests(ctx, f)
}

// directoryRuns tells requests' workflows what a change of the directory means
// for them.
type directoryRuns struct {
	temporal client.Client
	ledger   *ledger.Ledger
	signer   *evidence.Signer // the worker's own; nil: orders to end are recorded unsigned
}

var _ directorysync.Runs = directoryRuns{}

// Offboard records the order and asks the workflow to end its request. Once the order
// is in the ledger, access ends whether or not the workflow can be asked.
func (r directoryRuns) Offboard(ctx context.Context, o access.EndOrder) error {
	signed, err := r.sign(o)
	if err != nil {
		return err
	}
	envelope, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	if err := r.ledger.OrderEnd(ctx, o, envelope); access.CodeOf(err) == access.CodeConflict {
		return nil // it is over
	} else if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return api.FromTemporal(workflows.End(ctx, r.temporal, o.RequestID, workflows.NewEndRequest(o)))
}

func (r directoryRuns) sign(o access.EndOrder) (evidence.Envelope, error) {
	if r.signer != nil {
		return r.signer.SignEnd(o)
	}
	payload, err := json.Marshal(o)
	return evidence.Envelope{PayloadType: evidence.TypeEnd, Payload: base64.StdEncoding.EncodeToString(payload)}, err
}

// Recount asks a workflow to count its decisions again.
func (r directoryRuns) Recount(ctx context.Context, requestID string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return api.FromTemporal(r.temporal.SignalWorkflow(ctx, workflows.AccessWorkflowID(requestID), "", workflows.SignalRecount, nil))
}
