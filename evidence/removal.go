package evidence

import (
	"context"
	"encoding/json"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// typeRemoval is of a removal: a record, so that it is signed again when the servers' key
// is replaced.
const typeRemoval = recordType + string(access.RecordRemoval) + "+json"

// SignRemoval signs which bodies a policy removes, and returns the statement as the ledger
// stores it, with the digest that its event has.
func (s *Signer) SignRemoval(r access.Removal) (stored []byte, digest string, err error) {
	e, err := signed(s, typeRemoval, r)
	if err != nil {
		return nil, "", err
	}
	payload, err := e.DecodeB64Payload()
	if err != nil {
		return nil, "", err
	}
	stored, err = json.Marshal(e)
	return stored, DigestOf(payload), err
}

// VerifyRemoval returns the removal that a trusted key signed, with its digest. Errors are
// CodeEvidence, also for one that no policy could be the reason of.
func (k Keyring) VerifyRemoval(stored []byte) (r access.Removal, digest string, err error) {
	e, err := ReadEnvelope(stored)
	if err != nil {
		return r, "", err
	}
	r, payload, err := verified[access.Removal](k, e, typeRemoval)
	if err == nil {
		err = r.Allowed()
	}
	return r, DigestOf(payload), err
}

// RemovalVerifier verifies removals; Keyring is one.
type RemovalVerifier interface {
	VerifyRemoval(stored []byte) (r access.Removal, digest string, err error)
}

// LogLeaf is one leaf of a log as it was read.
type LogLeaf struct {
	Bytes []byte // the exact bytes; nil where the body was dropped
	// Of a leaf without its body: what remains of the event, with Dropped, and the leaf's
	// hash. Neither proves anything by itself.
	Event access.Event
	Hash  tlog.Hash
}

// record returns the hash that the leaf has in the tree.
func (l LogLeaf) record() tlog.Hash {
	if l.Bytes == nil {
		return l.Hash
	}
	return tlog.RecordHash(l.Bytes)
}

// LeavesOf returns the leaves of events as a ledger has them, from a place in the log on,
// up to the first that is missing.
func LeavesOf(from int64, events []access.Event, hashes tlog.HashReader) ([]LogLeaf, error) {
	out := make([]LogLeaf, 0, len(events))
	var without []int64
	for i, e := range events {
		if e.Seq-1 != from+int64(i) {
			break
		}
		if e.Dropped != nil {
			without = append(without, tlog.StoredHashIndex(0, e.Seq-1))
			out = append(out, LogLeaf{Event: e})
			continue
		}
		out = append(out, LogLeaf{Bytes: e.Leaf()})
	}
	for some := range slices.Chunk(without, TileWidth) {
		read, err := hashes.ReadHashes(some)
		if err != nil {
			return nil, err
		}
		for i, at := range some {
			_, leaf := tlog.SplitStoredHashIndex(at)
			out[leaf-from].Hash = read[i]
		}
	}
	return out, nil
}

// bodies holds the bodies that are missing from a log against the signed removals that the
// log tells of.
type bodies struct {
	at      Checkpoint
	from    int64 // the first leaf that is read
	keys    RemovalVerifier
	log     LogReader
	missing map[int64]access.Event // by leaf; no removal was read yet that covers it
	covered int64
}

// hold takes a leaf in, in the order of the log. Errors are CodeEvidence, or those of the
// reader.
func (b *bodies) hold(ctx context.Context, leaf int64, l readLeaf) error {
	e := l.event
	switch {
	case l.dropped && (e.Dropped == nil || e.Seq != leaf+1):
		return access.Errorf(access.CodeEvidence, "event %d is missing", leaf+1)
	case l.dropped && e.Kind == access.EventBodiesDropped:
		return access.Errorf(access.CodeEvidence, "the body of event %d is missing, which told of bodies that were dropped: no policy drops such an event", e.Seq)
	case l.dropped:
		b.missing[leaf] = e
	case e.Kind == access.EventBodiesDropped && e.Seq == leaf+1:
		return b.take(ctx, e)
	}
	return nil
}

// take takes in the removal that an event tells of: all that it names must be missing, and
// be what was signed as far as it remains.
func (b *bodies) take(ctx context.Context, e access.Event) error {
	stored, err := b.log.Removal(ctx, e.Seq)
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Errorf(access.CodeEvidence, "event %d tells of bodies that were dropped, and the signed statement that says which is missing", e.Seq)
	}
	if err != nil {
		return err
	}
	r, digest, err := b.keys.VerifyRemoval(stored)
	if err != nil {
		return access.Errorf(access.CodeEvidence, "what event %d says was dropped: %w", e.Seq, err)
	}
	if !r.At.Equal(e.At) { // how old something was then counts from it, and the log is in the order of time
		return access.Errorf(access.CodeEvidence, "the signed statement of what was dropped is of %s, and event %d, which tells of it, of %s", access.FormatTime(r.At), e.Seq, access.FormatTime(e.At))
	}
	if digest != e.Detail[access.DetailRemoval] || r.Log != b.at.Origin {
		return access.Errorf(access.CodeEvidence, "the signed statement of what was dropped is not the one that event %d tells of", e.Seq)
	}
	for _, remains := range r.Remains {
		leaf := remains.Seq - 1
		if leaf < b.from {
			continue
		}
		was, ok := b.missing[leaf]
		if !ok {
			return access.Errorf(access.CodeEvidence, "the body of event %d is there, and event %d tells that it was dropped: somebody has put it back", leaf+1, e.Seq)
		}
		if was.Dropped.Event != e.Seq || !was.Remains().Equal(remains) || was.Actor != "" || was.Message != "" || was.Key != "" || len(was.Detail) > 0 {
			return access.Errorf(access.CodeEvidence, "what is left of event %d is not what was signed when its body was dropped", leaf+1)
		}
		delete(b.missing, leaf)
		b.covered++
	}
	return nil
}

// all returns nil if each body that is missing is covered. Errors are CodeEvidence, and
// CodeConflict where a body says that it was dropped after the checkpoint: one that is made
// now covers it, or it was taken away by somebody else.
func (b *bodies) all() error {
	first, later := int64(-1), true
	for leaf, e := range b.missing {
		if first < 0 || leaf < first {
			first = leaf
		}
		later = later && e.Dropped.Event > b.at.Size
	}
	switch {
	case first < 0:
		return nil
	case later:
		return access.Refuse(access.CodeConflict, "dropped_meanwhile", "the body of event %d was dropped by policy while the log was being read, or it is missing: verify again, against a checkpoint of now", first+1)
	}
	return access.Errorf(access.CodeEvidence, "the body of event %d is missing, and no signed removal covers it", first+1)
}

// StoredLeaf is a leaf as a server returns it: its event and, where the body was dropped,
// the hash that it has in the log.
type StoredLeaf struct {
	Leaf  int64        `json:"leaf"`
	Event access.Event `json:"event"`
	Hash  *tlog.Hash   `json:"hash,omitempty"` // of a leaf without its body
}

// Stored returns the leaf of a place as a server returns it. Errors are CodeEvidence for
// bytes that are no event.
func (l LogLeaf) Stored(leaf int64) (StoredLeaf, error) {
	if l.Bytes == nil {
		return StoredLeaf{Leaf: leaf, Event: l.Event, Hash: &l.Hash}, nil
	}
	e, err := access.ParseLeaf(l.Bytes)
	return StoredLeaf{Leaf: leaf, Event: e}, err
}

// Read returns the leaf that a server returned.
func (s StoredLeaf) Read() LogLeaf {
	if s.Event.Dropped == nil || s.Hash == nil {
		return LogLeaf{Bytes: s.Event.Leaf()}
	}
	return LogLeaf{Event: s.Event, Hash: *s.Hash}
}
