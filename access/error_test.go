package access

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCauseAlone(t *testing.T) {
	require.Equal(t, "no such file", Errorf(CodeUnavailable, "%w", errors.New("no such file")).Error())
	require.Equal(t, "key: no such file", Errorf(CodeUnavailable, "key: %w", errors.New("no such file")).Error())
}
