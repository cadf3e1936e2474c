package app

import (
	"context"
	"encoding/json"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// Evidence is everything about one request, for those who see it and for
// auditors. It can be verified without Ramp.
func (d *App) Evidence(ctx context.Context, p access.Person, id string) (evidence.Pack, error) {
	var none evidence.Pack
	r, err := d.Request(ctx, p, id)
	if access.CodeOf(err) == access.CodeNotFound && d.isAuditor(p) && access.IsRequestID(id) {
		r, err = d.Ledger.Request(ctx, id)
	}
	if err != nil {
		return none, err
	}
	pack := evidence.Pack{Version: evidence.PackVersion, RequestID: id}
	manifest := access.Manifest{RequestID: id, PlanDigest: r.Plan.Digest, State: r.State, At: d.now()}
	// The log is looked at first: each event in it has its statement by now.
	at, signed, err := d.checkpoint(ctx)
	if err != nil {
		return none, err
	}
	pack.Checkpoint, manifest.Size = signed, at.Size
	if pack.Events, err = d.logged(ctx, id, at.Size); err != nil {
		return none, err
	}
	for _, e := range pack.Events {
		manifest.Leaves = append(manifest.Leaves, e.Leaf)
	}
	signedPlan, err := d.Ledger.PlanEnvelope(ctx, id)
	if err == nil {
		err = json.Unmarshal(signedPlan, &pack.Plan)
	}
	if err != nil {
		return none, err
	}
	if pack.Contract.Name, pack.Contract.Text, err = d.Ledger.ContractText(ctx, r.Plan.ContractVersion); err != nil {
		return none, err
	}
	list, err := d.Ledger.Statements(ctx, id)
	if err != nil {
		return none, err
	}
	for _, b := range list {
		var e envelope
		if err := json.Unmarshal(b, &e); err != nil {
			return none, err
		}
		digest, err := evidence.PayloadDigest(e)
		if err != nil {
			return none, err
		}
		pack.Statements, manifest.Statements = append(pack.Statements, e), append(manifest.Statements, digest)
	}
	pack.Manifest, err = d.Signer.SignManifest(manifest)
	return pack, err
}

// logged are a request's events among the first size of the log, with proofs.
func (d *App) logged(ctx context.Context, id string, size int64) ([]evidence.LoggedEvent, error) {
	out := []evidence.LoggedEvent{}
	hashes := d.Ledger.HashReader(ctx)
	for cursor := ""; ; {
		items, next, err := d.Ledger.SearchEvents(ctx, ledger.EventSearch{Request: id, Cursor: cursor, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, e := range items {
			if e.Leaf >= size {
				continue
			}
			proof, err := tlog.ProveRecord(size, e.Leaf, hashes)
			if err != nil {
				return nil, err
			}
			out = append(out, evidence.LoggedEvent{Leaf: e.Leaf, Event: e.Event, Proof: proof})
		}
		if cursor = next; cursor == "" {
			slices.Reverse(out) // the search answers the latest first
			return out, nil
		}
	}
}
