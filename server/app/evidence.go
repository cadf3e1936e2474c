package app

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// evidenceLedger reads all that was recorded of one request.
type evidenceLedger interface {
	Request(ctx context.Context, id string) (access.Request, error)
	PlanEnvelope(ctx context.Context, id string) ([]byte, error)
	Statements(ctx context.Context, requestID string) ([][]byte, error)
	ContractText(ctx context.Context, version string) (name, text string, err error)
	SearchEvents(ctx context.Context, f ledger.EventSearch) (items []ledger.Entry, nextCursor string, err error)
	HashReader(ctx context.Context) tlog.HashReader
}

// manifestSigner signs the list of what a pack holds.
type manifestSigner interface {
	SignManifest(m access.Manifest) (evidence.Envelope, error)
}

// evidencePacks collects evidence packs.
type evidencePacks struct {
	ledger   evidenceLedger
	requests *requests
	log      *auditor
	witness  *witnessing
	signer   manifestSigner
	servers  evidence.Keyring // whose statements an auditor reads as signed
	workers  evidence.Keyring
	now      clock
}

// Evidence returns everything about one request, for those who see it and for
// auditors. It can be verified without Ramp. Errors are CodeEvidence if no server has
// signed the plan: there is nothing then that the rest could be about.
func (e *evidencePacks) Evidence(ctx context.Context, p access.Person, id string) (evidence.Pack, error) {
	r, err := e.requests.Request(ctx, p, id)
	if access.CodeOf(err) == access.CodeNotFound && e.requests.roles.isAuditor(p) && access.IsRequestID(id) {
		r, err = e.ledger.Request(ctx, id)
	}
	if err != nil {
		return evidence.Pack{}, err
	}
	if r.Dropped != nil {
		return evidence.Pack{}, access.Refuse(access.CodeTooLate, "dropped", "the evidence of request %s was %s; event %d of the log tells of it, and the log still has the hash of each of its events", id, r.Dropped.Words(), r.Dropped.Event)
	}
	if r.Plan.Digest == "" {
		return evidence.Pack{}, access.Errorf(access.CodeEvidence, "no server has signed the plan that the ledger has of this request: somebody has written to its database. What happened is in the log: search its events for the request")
	}
	pack := evidence.Pack{Version: evidence.PackVersion, RequestID: id}
	manifest := access.Manifest{RequestID: id, PlanDigest: r.Plan.Digest, State: r.State, At: e.now()}
	// The log comes first: whatever event is in it has its statement by now.
	at, signed, err := e.log.checkpoint(ctx)
	if err != nil {
		return evidence.Pack{}, err
	}
	pack.Checkpoint, manifest.Size = signed, at.Size
	if pack.Events, err = e.loggedEvents(ctx, id, at.Size); err != nil {
		return evidence.Pack{}, err
	}
	if pack.Witnessed, err = e.witness.forPack(ctx, at, e.ledger.HashReader(ctx)); err != nil {
		return evidence.Pack{}, err
	}
	for _, logged := range pack.Events {
		manifest.Leaves = append(manifest.Leaves, logged.Leaf)
	}
	if pack.Plan, err = e.plan(ctx, id); err != nil {
		return evidence.Pack{}, err
	}
	if pack.Contract.Name, pack.Contract.Text, err = e.ledger.ContractText(ctx, r.Plan.ContractVersion); err != nil {
		return evidence.Pack{}, err
	}
	if pack.Statements, manifest.Statements, err = e.statements(ctx, id); err != nil {
		return evidence.Pack{}, err
	}
	pack.Manifest, err = e.signer.SignManifest(manifest)
	return pack, err
}

func (e *evidencePacks) plan(ctx context.Context, id string) (signed evidence.Envelope, err error) {
	b, err := e.ledger.PlanEnvelope(ctx, id)
	if err != nil {
		return signed, err
	}
	return evidence.ReadEnvelope(b)
}

// statements returns the signed statements about a request, with their digests.
func (e *evidencePacks) statements(ctx context.Context, id string) (list []evidence.Envelope, digests []string, err error) {
	stored, err := e.ledger.Statements(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range stored {
		signed, err := evidence.ReadEnvelope(b)
		if err != nil {
			return nil, nil, err
		}
		digest, err := evidence.PayloadDigest(signed)
		if err != nil {
			return nil, nil, err
		}
		// An order to extend that people decided is stored twice: as it was asked for, and
		// as a worker made it.
		if slices.Contains(digests, digest) {
			continue
		}
		list, digests = append(list, signed), append(digests, digest)
	}
	return list, digests, nil
}

// loggedEvents returns a request's events among the first size of the log, each
// with its proof of inclusion.
func (e *evidencePacks) loggedEvents(ctx context.Context, id string, size int64) ([]evidence.LoggedEvent, error) {
	out := []evidence.LoggedEvent{}
	hashes := e.ledger.HashReader(ctx)
	for cursor := ""; ; {
		items, next, err := e.ledger.SearchEvents(ctx, ledger.EventSearch{Request: id, Cursor: cursor, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, entry := range items {
			if entry.Leaf >= size {
				continue
			}
			proof, err := tlog.ProveRecord(size, entry.Leaf, hashes)
			if err != nil {
				return nil, err
			}
			out = append(out, evidence.LoggedEvent{Leaf: entry.Leaf, Event: entry.Event, Proof: proof})
		}
		if cursor = next; cursor == "" {
			// The search returns the latest first, by the times that events have.
			slices.SortFunc(out, func(a, b evidence.LoggedEvent) int { return cmp.Compare(a.Leaf, b.Leaf) })
			return out, nil
		}
	}
}
