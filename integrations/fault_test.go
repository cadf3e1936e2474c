package integrations_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func TestFaultOf(t *testing.T) {
	_, missing := os.Open("/does/not/exist")
	for name, c := range map[string]struct {
		err  error
		want access.TargetFault
	}{
		"a file that is not there":      {missing, access.FaultConfiguration},
		"a file that nobody may read":   {fmt.Errorf("key: %w", fs.ErrPermission), access.FaultConfiguration},
		"the same, as a target says it": {access.Errorf(access.CodeUnavailable, "the key: %w", missing), access.FaultConfiguration},
		"a setting":                     {access.InvalidField("x", "x", "no such region"), access.FaultConfiguration},
		"nobody listens":                {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, access.FaultUnreachable},
		"no such host":                  {fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host"}), access.FaultUnreachable},
		"it takes too long":             {context.DeadlineExceeded, access.FaultUnreachable},
		"it is busy":                    {access.Errorf(access.CodeThrottled, "later"), access.FaultUnreachable},
		"it refuses the token":          {access.Errorf(access.CodeForbidden, "403"), access.FaultCredential},
		"anything else":                 {errors.New("odd"), access.FaultConfiguration},
	} {
		require.Equal(t, c.want, integrations.FaultOf(c.err), name)
	}
}
