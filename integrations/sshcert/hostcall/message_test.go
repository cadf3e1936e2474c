package hostcall

import (
	"context"
	"crypto/ed25519"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// strangeHost has a grant with an end that JSON cannot say.
type strangeHost struct{ Host }

func (strangeHost) List(context.Context) ([]integrations.ListedGrant, error) {
	return []integrations.ListedGrant{{Name: "ramp-x", ExpiresAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}, nil
}

// TestCase146ReplyThatCannotBeSent: what a helper cannot send is an error at the worker, and
// not an empty list, by which access would count as gone.
func TestCase146ReplyThatCannotBeSent(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- Server{Host: strangeHost{}, Key: signer, Workers: []ssh.PublicKey{signer.PublicKey()}}.Serve(ctx, l)
	}()
	listed, err := NewClient(l.Addr().String(), signer, ssh.FixedHostKey(signer.PublicKey()), nil).List(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "cannot be sent as JSON")
	require.Empty(t, listed)
	stop()
	require.NoError(t, <-served)
}
