// Package sdklog lets the Temporal SDK log through logrus.
package sdklog

import (
	"fmt"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/log"
)

// New adapts l. The SDK's keys become fields; a missing value is said to be
// missing rather than shifting those after it.
func New(l logrus.FieldLogger) log.Logger { return logger{l} }

type logger struct{ to logrus.FieldLogger }

var (
	_ log.Logger     = logger{}
	_ log.WithLogger = logger{}
)

func (l logger) with(kv []any) logrus.FieldLogger {
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
func (l logger) Warn(msg string, kv ...any)  { l.with(kv).Warn(msg) }
func (l logger) Error(msg string, kv ...any) { l.with(kv).Error(msg) }

func (l logger) With(kv ...any) log.Logger { return logger{l.with(kv)} }
