package app

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// silent is a directory that does not respond.
type silent struct{}

func (silent) DirectorySnapshot(context.Context, ...string) (access.DirectorySnapshot, error) {
	return access.DirectorySnapshot{}, errors.New("no route to host")
}

// TestCase122DirectoryThatDoesNotRespond: which accounts are a signer's is not taken for
// known where the directory cannot be read. Without a directory there is nothing to read.
func TestCase122DirectoryThatDoesNotRespond(t *testing.T) {
	c := &proposer{directory: silent{}}
	_, err := c.withSigners(t.Context(), nil, []string{"mallory"})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, "the directory cannot be read")
	c.directory = nil
	authors, err := c.withSigners(t.Context(), []access.Person{{ID: "Mallory", Email: "m@example.com"}}, []string{"mallory", "trent"})
	require.NoError(t, err)
	require.Equal(t, []access.Person{{ID: "Mallory", Email: "m@example.com"}, {ID: "trent", Kind: access.KindHuman}}, authors)
}
