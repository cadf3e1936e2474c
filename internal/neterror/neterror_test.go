package neterror_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/neterror"
)

// TestReason: whatever part of an address repeats, none of it is in the reason.
func TestReason(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := l.Addr().String()
	require.NoError(t, l.Close())
	for _, address := range []string{"http://hunter2:hunter2@" + nobody + "/hunter2?token=hunter2", "http://hunter2.invalid/"} {
		_, err := http.Get(address)
		require.ErrorContains(t, err, "hunter2")
		reason := neterror.Reason(err).Error()
		require.NotContains(t, reason, "hunter2")
		require.NotContains(t, reason, nobody)
		require.NotEmpty(t, reason)
	}
	_, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", nobody)
	require.ErrorContains(t, err, nobody)
	require.NotContains(t, neterror.Reason(err).Error(), nobody)
	own := errors.New("x")
	require.Equal(t, own, neterror.Reason(own))
	require.ErrorIs(t, neterror.Reason(&net.OpError{Op: "read", Err: context.DeadlineExceeded}), context.DeadlineExceeded)
}
