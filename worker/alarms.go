package worker

import (
	"context"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/reconcile"
)

// alarms logs each alarm, and passes it on.
type alarms struct {
	log  logrus.FieldLogger
	next reconcile.Alarms
}

// Raise implements reconcile.Alarms.
func (a alarms) Raise(ctx context.Context, alarm reconcile.Alarm) {
	a.log.WithFields(logrus.Fields{"request": alarm.RequestID, "grant": alarm.Grant, "target": alarm.Target}).
		Error("overdue: " + alarm.Message)
	if a.next != nil {
		a.next.Raise(ctx, alarm)
	}
}
