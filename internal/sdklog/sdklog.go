// Package sdklog lets the Temporal SDK log through logrus.
package sdklog

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// New adapts l. The SDK's keys become fields; a missing value is said to be
// missing rather than shifting those after it.
func New(l logrus.FieldLogger) log.Logger { return logger{l} }

type logger struct{ to logrus.FieldLogger }

var (
	_ log.Logger     = logger{}
	_ log.WithLogger = logger{}
)

func (l logger) with(kv []any) *logrus.Entry {
	fields := logrus.Fields{}
	for i := 0; i < len(kv); i += 2 {
		var v any = "(missing)"
		if i+1 < len(kv) {
			v = kv[i+1]
		}
		fields[fmt.Sprint(kv[i])] = v
	}
	return l.to.WithFields(fields)
}

func (l logger) Debug(msg string, kv ...any) { l.with(kv).Debug(msg) }
func (l logger) Info(msg string, kv ...any)  { l.with(kv).Debug(msg) } // the SDK's Info is of no interest to operators
func (l logger) Warn(msg string, kv ...any) {
	l.with(kv).Log(unlessCanceled(logrus.WarnLevel, kv), msg)
}
func (l logger) Error(msg string, kv ...any) {
	l.with(kv).Log(unlessCanceled(logrus.ErrorLevel, kv), msg)
}

// unlessCanceled returns level, or debug where the SDK reports that it carried out
// a cancellation: each start of a worker cancels the earlier run of a standing job,
// which is no fault.
func unlessCanceled(level logrus.Level, kv []any) logrus.Level {
	for _, v := range kv {
		if err, ok := v.(error); ok && (errors.Is(err, context.Canceled) || temporal.IsCanceledError(err)) {
			return logrus.DebugLevel
		}
	}
	return level
}

func (l logger) With(kv ...any) log.Logger { return logger{l.with(kv)} }
