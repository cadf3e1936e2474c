package sdklog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/internal/sdklog"
)

// A cancellation that is carried out is no fault; anything else keeps its level.
func TestCancellationsAreNoFaults(t *testing.T) {
	to, seen := logtest.NewNullLogger()
	to.SetLevel(logrus.DebugLevel)
	l := sdklog.New(to)
	for err, level := range map[error]logrus.Level{
		context.Canceled:            logrus.DebugLevel,
		temporal.NewCanceledError(): logrus.DebugLevel,
		errors.New("out of reach"):  logrus.ErrorLevel,
		context.DeadlineExceeded:    logrus.ErrorLevel,
	} {
		l.Error("Activity error.", "ActivityType", "ReconcileTarget", "Error", err)
		require.Equal(t, level, seen.LastEntry().Level, "%v", err)
		require.Equal(t, "ReconcileTarget", seen.LastEntry().Data["ActivityType"])
	}
}
