package evidence

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// leafList is a log's leaves in memory.
type leafList [][]byte

func (l leafList) Leaves(_ context.Context, from, to int64) ([]LogLeaf, error) {
	return l[min(from, int64(len(l))):min(to, int64(len(l)))].whole(), nil
}

func (l leafList) whole() (out []LogLeaf) {
	for _, b := range l {
		out = append(out, LogLeaf{Bytes: b})
	}
	return out
}

func (l leafList) Removal(context.Context, int64) ([]byte, error) {
	return nil, access.Errorf(access.CodeNotFound, "nothing was dropped")
}

// TestVerifyLogFrom: from wherever it is read, a log is accepted as it was signed, and
// not with any one event changed, removed, added or moved.
func TestVerifyLogFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tree memoryTree
		var leaves leafList
		event := func(i int, message string) []byte {
			return access.Event{Seq: int64(i + 1), At: at, Kind: access.EventDecisionRecorded, Actor: "bob", Message: message}.Leaf()
		}
		for i := range rapid.IntRange(0, 700).Draw(t, "size") {
			leaves = append(leaves, event(i, fmt.Sprint(i)))
			require.NoError(t, tree.add(leaves[i]))
		}
		size := int64(len(leaves))
		root, err := tlog.TreeHash(size, &tree)
		require.NoError(t, err)
		signed := Checkpoint{Origin: "test/log", Size: size, Root: root}
		from := rapid.Int64Range(0, size).Draw(t, "from")
		var seen []int64
		require.NoError(t, VerifyLogFrom(t.Context(), Keyring{}, signed, from, leaves, &tree, func(leaf int64, e access.Event) error {
			require.Equal(t, fmt.Sprint(leaf), e.Message)
			seen = append(seen, leaf)
			return nil
		}))
		require.Len(t, seen, int(size-from))
		if from == size {
			return
		}
		changed := append(leafList{}, leaves...)
		i := rapid.Int64Range(from, size-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"changed", "removed", "moved"}).Draw(t, "what") {
		case "changed":
			changed[i] = event(int(i), "another")
		case "removed":
			changed = append(changed[:i], changed[i+1:]...)
		case "moved":
			j := rapid.Int64Range(from, size-1).Draw(t, "to")
			if i == j {
				return
			}
			changed[i], changed[j] = changed[j], changed[i]
		}
		err = VerifyLogFrom(t.Context(), Keyring{}, signed, from, changed, &tree, nil)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	})
	require.Equal(t, access.CodeEvidence, access.CodeOf(VerifyLogFrom(t.Context(), Keyring{}, Checkpoint{Size: 3}, 4, leafList{}, &memoryTree{}, nil)), "a log that was cut off")
}

// TestVerifyLeaves: of any part of a log the leaves are accepted as they were signed, and
// not with any one changed, moved or left out.
func TestVerifyLeaves(t *testing.T) {
	var tree memoryTree
	var all leafList
	for i := range 700 {
		all = append(all, access.Event{Seq: int64(i + 1), At: at, Kind: access.EventDecisionRecorded, Actor: "bob"}.Leaf())
		require.NoError(t, tree.add(all[i]))
	}
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, 700).Draw(t, "from")
		to := rapid.IntRange(from, 700).Draw(t, "to")
		part := slices.Clone(all[from:to])
		require.NoError(t, VerifyLeaves(int64(from), part.whole(), &tree))
		if to-from < 2 {
			return
		}
		i := rapid.IntRange(0, len(part)-2).Draw(t, "at")
		switch rapid.SampledFrom([]string{"changed", "left out", "moved", "elsewhere"}).Draw(t, "what") {
		case "changed":
			part[i] = access.Event{Seq: int64(from + i + 1), At: at, Kind: access.EventDecisionRecorded, Actor: "eve"}.Leaf()
		case "left out":
			part = slices.Delete(part, i, i+1)
		case "moved":
			part[i], part[i+1] = part[i+1], part[i]
		case "elsewhere":
			if from++; to == 700 {
				from -= 2
			}
			if from < 0 {
				return
			}
		}
		require.Equal(t, access.CodeEvidence, access.CodeOf(VerifyLeaves(int64(from), part.whole(), &tree)))
	})
}

// TestAnUnreachableLogIsNotAWrongOne: what cannot be read for now says nothing against a log.
func TestAnUnreachableLogIsNotAWrongOne(t *testing.T) {
	away := unreachable{}
	earlier, later := Checkpoint{Origin: "log", Size: 3}, Checkpoint{Origin: "log", Size: 300}
	for name, err := range map[string]error{
		"from a place on": VerifyLogFrom(t.Context(), Keyring{}, later, 5, leafList{}, away, nil),
		"a part":          VerifyLeaves(0, leafList{[]byte("x")}.whole(), away),
		"going on":        VerifyConsistency(earlier, later, away),
	} {
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), name)
	}
}

// unreachable is a server that does not respond.
type unreachable struct{}

func (unreachable) Height() int                     { return TileHeight }
func (unreachable) SaveTiles([]tlog.Tile, [][]byte) {}
func (unreachable) ReadTiles([]tlog.Tile) ([][]byte, error) {
	return nil, access.Errorf(access.CodeUnavailable, "no route")
}
func (unreachable) ReadHashes([]int64) ([]tlog.Hash, error) {
	return nil, access.Errorf(access.CodeUnavailable, "no route")
}
