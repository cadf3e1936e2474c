package evidence

import (
	"context"
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// droppedLog is a log in memory of which bodies were dropped.
type droppedLog struct {
	events   []access.Event
	tree     memoryTree
	removals map[int64][]byte
}

func (l *droppedLog) add(t *testing.T, e access.Event) {
	t.Helper()
	if e.Seq = int64(len(l.events) + 1); e.At.IsZero() {
		e.At = at
	}
	l.events = append(l.events, e)
	require.NoError(t, l.tree.add(e.Leaf()))
}

// drop drops the bodies of events, of which change may make another removal.
func (l *droppedLog) drop(t *testing.T, by *Signer, change func(r *access.Removal, told *access.Event), seqs ...int64) {
	t.Helper()
	r := access.Removal{Log: "test/log", At: at.Add(access.LeastDropAge)}
	told := access.Event{At: r.At, Kind: access.EventBodiesDropped, Actor: access.ActorRamp}
	for _, n := range seqs {
		r.Remains = append(r.Remains, l.events[n-1].Remains())
	}
	change(&r, &told)
	stored, digest, err := by.SignRemoval(r)
	require.NoError(t, err)
	if told.Detail == nil {
		told.Detail = map[string]string{access.DetailRemoval: digest}
	}
	l.add(t, told)
	number := int64(len(l.events))
	l.removals[number] = stored
	for _, n := range seqs {
		e := l.events[n-1]
		l.events[n-1] = access.Event{Seq: e.Seq, At: e.At, Kind: e.Kind, RequestID: e.RequestID, Dropped: &access.Dropped{At: at, Event: number}}
	}
}

func (l *droppedLog) Leaves(_ context.Context, from, to int64) ([]LogLeaf, error) {
	return LeavesOf(from, l.events[from:min(to, int64(len(l.events)))], &l.tree)
}

func (l *droppedLog) Removal(_ context.Context, event int64) ([]byte, error) {
	if b, ok := l.removals[event]; ok {
		return b, nil
	}
	return nil, access.Errorf(access.CodeNotFound, "there is none")
}

func (l *droppedLog) checkpoint(t *testing.T) Checkpoint {
	t.Helper()
	root, err := tlog.TreeHash(l.tree.size, &l.tree)
	require.NoError(t, err)
	return Checkpoint{Origin: "test/log", Size: l.tree.size, Root: root}
}

// TestRemovals: a log of which bodies were dropped verifies from wherever it is read, and
// not where a removal is another one than the log tells of.
func TestRemovals(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer, keys := NewSigner(key), NewKeyring(key.Public())
	fresh := func() *droppedLog {
		l := &droppedLog{removals: map[int64][]byte{}}
		for range 300 { // more than one tile
			l.add(t, access.Event{Kind: access.EventActRefused, RequestID: "r", Actor: "alice", Message: "no"})
		}
		return l
	}
	none := func(*access.Removal, *access.Event) {}
	l := fresh()
	l.drop(t, signer, none, 2, 3, 250, 290)
	l.drop(t, signer, none, 4)
	at := l.checkpoint(t)
	report, err := VerifyLog(t.Context(), keys, at, nil, l, nil)
	require.NoError(t, err)
	require.EqualValues(t, 5, report.Dropped)
	for _, from := range []int64{0, 2, 3, 100, 251, 300, at.Size} {
		require.NoError(t, VerifyLogFrom(t.Context(), keys, at, from, l, &l.tree, nil), "from %d", from)
	}
	early := at
	early.Size = 300
	early.Root, err = tlog.TreeHash(300, &l.tree)
	require.NoError(t, err)
	_, err = VerifyLog(t.Context(), keys, early, nil, l, nil)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "dropped since the checkpoint")

	for what, attack := range map[string]func(l *droppedLog){
		"a stranger signs": func(l *droppedLog) { l.drop(t, NewSigner(stranger), none, 5) },
		"of another log": func(l *droppedLog) {
			l.drop(t, signer, func(r *access.Removal, _ *access.Event) { r.Log = "another" }, 5)
		},
		"of another time than its event": func(l *droppedLog) {
			l.drop(t, signer, func(r *access.Removal, _ *access.Event) { r.At = r.At.Add(time.Hour) }, 5)
		},
		"the digest is another's": func(l *droppedLog) {
			l.drop(t, signer, func(_ *access.Removal, told *access.Event) {
				told.Detail = map[string]string{access.DetailRemoval: "sha256:x"}
			}, 5)
		},
		"there is no statement": func(l *droppedLog) { l.drop(t, signer, none, 5); clear(l.removals) },
		"the statement of another": func(l *droppedLog) {
			l.drop(t, signer, none, 5)
			l.drop(t, signer, none, 6)
			l.removals[301], l.removals[302] = l.removals[302], l.removals[301]
		},
		"one that it does not name": func(l *droppedLog) {
			l.drop(t, signer, func(r *access.Removal, _ *access.Event) { r.Remains = slices.Delete(r.Remains, 0, 1) }, 5, 6)
		},
		"one that is there": func(l *droppedLog) {
			e := l.events[4]
			l.drop(t, signer, none, 5)
			l.events[4] = e
		},
		"a removal of a removal": func(l *droppedLog) {
			l.drop(t, signer, none, 5)
			l.drop(t, signer, none, 301)
		},
		"what is left is another kind": func(l *droppedLog) { l.drop(t, signer, none, 5); l.events[4].Kind = access.EventAccessEnded },
		"what is left has words":       func(l *droppedLog) { l.drop(t, signer, none, 5); l.events[4].Message = "bob did it" },
		"one that is recent": func(l *droppedLog) {
			l.drop(t, signer, func(r *access.Removal, _ *access.Event) { r.At = r.At.Add(-1) }, 5)
		},
		"one that Ramp reads again": func(l *droppedLog) {
			l.events[4].Kind, l.events[4].RequestID = access.EventPersonLeft, ""
			l.tree = memoryTree{}
			for _, e := range l.events {
				require.NoError(t, l.tree.add(e.Leaf()))
			}
			l.drop(t, signer, none, 5)
		},
		"it names a place behind it": func(l *droppedLog) {
			l.drop(t, signer, func(r *access.Removal, _ *access.Event) { r.Remains[0].Seq = 400 }, 5)
		},
	} {
		l := fresh()
		attack(l)
		_, err := VerifyLog(t.Context(), keys, l.checkpoint(t), nil, l, nil)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
		if what == "a removal of a removal" {
			require.ErrorContains(t, err, "no policy drops such an event")
		}
		require.Equal(t, access.CodeEvidence, access.CodeOf(VerifyLogFrom(t.Context(), keys, l.checkpoint(t), 3, l, &l.tree, nil)), what)
	}

	// What is proven of one event is of its body, and an event without one proves nothing.
	e := LoggedEvent{Leaf: 0, Event: l.events[0]}
	e.Proof, err = tlog.ProveRecord(at.Size, 0, &l.tree)
	require.NoError(t, err)
	require.NoError(t, e.in(at))
	e.Event.Dropped = &access.Dropped{Event: 301}
	require.Error(t, e.in(at))
}
