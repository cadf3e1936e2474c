package evidence

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// leafList is a log's leaves in memory.
type leafList [][]byte

func (l leafList) Leaves(_ context.Context, from, to int64) ([][]byte, error) {
	return l[min(from, int64(len(l))):min(to, int64(len(l)))], nil
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
		for i := range rapid.IntRange(0, 70).Draw(t, "size") {
			leaves = append(leaves, event(i, fmt.Sprint(i)))
			require.NoError(t, tree.add(leaves[i]))
		}
		size := int64(len(leaves))
		root, err := tlog.TreeHash(size, &tree)
		require.NoError(t, err)
		signed := Checkpoint{Origin: "test/log", Size: size, Root: root}
		from := rapid.Int64Range(0, size).Draw(t, "from")
		var seen []int64
		require.NoError(t, VerifyLogFrom(t.Context(), signed, from, leaves, &tree, func(leaf int64, e access.Event) error {
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
		err = VerifyLogFrom(t.Context(), signed, from, changed, &tree, nil)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	})
	require.Equal(t, access.CodeEvidence, access.CodeOf(VerifyLogFrom(t.Context(), Checkpoint{Size: 3}, 4, leafList{}, &memoryTree{}, nil)), "a log that was cut off")
}
