package access

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACauseIsSaidOnce(t *testing.T) {
	require.Equal(t, "no such file", Errorf(CodeUnavailable, "%w", errors.New("no such file")).Error())
	require.Equal(t, "key: no such file", Errorf(CodeUnavailable, "key: %w", errors.New("no such file")).Error())
	cause := errors.New("no such file")
	err := Errorf(CodeUnavailable, "key: %w; name it with --key", cause)
	require.Equal(t, "key: no such file; name it with --key", err.Error())
	require.ErrorIs(t, err, cause)
}
