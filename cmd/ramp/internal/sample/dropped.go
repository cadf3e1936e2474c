package sample

import (
	"encoding/json"
	"strconv"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TakesDropped reports whether what remains of an event is of a request that is chosen, by
// its time. Who asked is no longer known, so that the people of a choice narrow nothing
// here; the contract is in the signed removal.
func (c Choice) TakesDropped(e access.Event) bool {
	byTime := Choice{Since: c.Since, Until: c.Until}
	return e.Dropped != nil && byTime.Takes(e)
}

// TakesOutline reports whether a request that was dropped is chosen, by its contract.
func (c Choice) TakesOutline(r access.RemovedRequest) bool {
	return len(c.Contracts) == 0 || contains(c.Contracts, r.Contract)
}

// AddDropped writes a request that was dropped by policy, with the signed removal that
// covers it.
func (w *Writer) AddDropped(i Item, signed evidence.Envelope) {
	if w.manifest.Removals == nil {
		w.manifest.Removals = map[string]evidence.Envelope{}
	}
	w.manifest.Removals[strconv.FormatInt(i.Dropped.Event, 10)] = signed
	w.manifest.Requests = append(w.manifest.Requests, i)
}

// checkDropped verifies that a server has signed that a policy dropped the request of an
// item, in the log that the sample was chosen from. It returns what is wrong, "" if nothing
// is.
func (m Manifest) checkDropped(i Item, log evidence.Checkpoint, servers evidence.Keyring) string {
	signed, ok := m.Removals[strconv.FormatInt(i.Dropped.Event, 10)]
	if !ok {
		return "it is said to have been dropped by policy, and no signed removal is in the sample"
	}
	stored, err := json.Marshal(signed)
	if err != nil {
		return err.Error()
	}
	r, _, err := servers.VerifyRemoval(stored)
	if err != nil {
		return "it is said to have been dropped by policy: " + err.Error()
	}
	first := access.Event{Seq: i.Leaf + 1, At: i.Asked, RequestID: i.ID, Kind: access.EventRequestCreated}
	outline, ok := r.Outline(i.ID)
	if !ok || !r.Covers(first) || r.Log != log.Origin || i.Dropped.Event > log.Size || !r.At.Equal(i.Dropped.At) || outline.Contract != i.Contract || i.Requester != "" || i.Digest != "" {
		return "it is said to have been dropped by policy, and the signed removal is of something else"
	}
	first.Dropped = i.Dropped
	if !m.Choice.TakesDropped(first) || !m.Choice.TakesOutline(outline) {
		return "the request is not one of those that were to be chosen"
	}
	return ""
}
