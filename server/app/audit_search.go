package app

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// AuditRequests searches all requests, those that were asked for last first; auditors
// only. It shows them as they were signed, and finds them by what the ledger's columns say.
func (a *auditor) AuditRequests(ctx context.Context, by access.Actor, f ledger.RequestSearch) ([]access.Request, string, error) {
	if err := a.requireAuditor(ctx, by); err != nil {
		return nil, "", err
	}
	if f.Outcome != "" && !slices.Contains(Outcomes(), f.Outcome) {
		return nil, "", access.InvalidField("unknown_outcome", "outcome", "there is no outcome %q; there are %s", access.Clip(f.Outcome, 40), strings.Join(Outcomes(), ", "))
	}
	return a.ledger.SearchRequests(ctx, f)
}

// Outcomes returns everything that a request may have come to, or be at, for searches:
// why access ended, and states. A request whose access has ended is searched by why.
func Outcomes() []string {
	out := []string{}
	for _, o := range []access.Outcome{access.OutcomeExpired, access.OutcomeReleased, access.OutcomeRevoked, access.OutcomeOffboarded, access.OutcomeCondition, access.OutcomeFailed} {
		out = append(out, string(o))
	}
	for _, s := range access.States() {
		if !slices.Contains(out, string(s)) {
			out = append(out, string(s))
		}
	}
	return out
}

// maxProofs bounds how many events are proven at once.
const maxProofs = 200

// Proofs returns events by their places in the log, each with the proof that the log holds
// it; auditors only. Those that are no longer there, or that no checkpoint covers, are left
// out. An event that somebody has changed comes as it is now, with a proof that does not
// fit it. Errors are CodeInvalid for more than 200.
func (a *auditor) Proofs(ctx context.Context, by access.Actor, leaves []int64) (evidence.LogProofs, error) {
	out := evidence.LogProofs{Items: []evidence.LoggedEvent{}}
	if err := a.requireAuditor(ctx, by); err != nil {
		return out, err
	}
	if len(leaves) > maxProofs {
		return out, access.InvalidField("leaves_out_of_range", "leaf", "name at most %d events, each by its place in the log", maxProofs)
	}
	at, signed, err := a.checkpoint(ctx)
	if err != nil {
		return out, err
	}
	out.Checkpoint = signed
	leaves = slices.Compact(slices.Sorted(slices.Values(leaves)))
	hashes := a.ledger.HashReader(ctx)
	for i := 0; i < len(leaves); {
		n := i + 1 // neighbours are read together
		for n < len(leaves) && leaves[n] == leaves[n-1]+1 {
			n++
		}
		list, err := a.ledger.Entries(ctx, leaves[i], leaves[n-1]+1)
		if err != nil {
			return out, err
		}
		for _, entry := range list {
			if entry.Leaf < 0 || entry.Leaf >= at.Size || entry.Dropped != nil {
				continue // of one without its body the hash alone could be proven, and not what remains
			}
			proof, err := tlog.ProveRecord(at.Size, entry.Leaf, hashes)
			if err != nil {
				return out, err
			}
			out.Items = append(out.Items, evidence.LoggedEvent{Leaf: entry.Leaf, Event: entry.Event, Proof: proof})
		}
		i = n
	}
	return out, nil
}

// LogKey is the public key of a server that signs checkpoints, for people who verify them
// in a browser.
type LogKey struct {
	SPKI        string // SubjectPublicKeyInfo (RFC 5280), DER in base64
	Fingerprint string // "sha256:" and the digest of that, in hex
}

// LogKeys returns the keys under which this server believes checkpoints.
func (a *auditor) LogKeys() []LogKey {
	var out []LogKey
	for _, pub := range a.keys.Keys() {
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			continue // no key of Ramp's: such a one verifies nothing
		}
		if key := (LogKey{base64.StdEncoding.EncodeToString(der), evidence.DigestOf(der)}); !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}
