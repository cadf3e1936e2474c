package chatops

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

const (
	// alarmAfter is how long something urgent may wait for the service until that is an
	// event, as for mail.
	alarmAfter  = time.Minute
	retryUrgent = time.Minute
	alarmLook   = 5 * time.Second
)

// watchUrgent records an alarm of each urgent message that the service has not taken for a
// minute, whatever holds it: a service that fails, one that wants fewer calls for hours, or
// a server that does not get to it.
func (w *Workspace) watchUrgent(ctx context.Context) {
	for failing := false; ctx.Err() == nil; {
		err := w.AlarmLate(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			w.Log.WithError(err).Error("it cannot be seen at the moment whether something urgent waits for chat; it is tried again")
		}
		failing = err != nil
		wait(ctx, nil, alarmLook)
	}
}

// AlarmLate records the alarms that are due now. Errors are the ledger's.
func (w *Workspace) AlarmLate(ctx context.Context) error {
	now := w.Now().UTC()
	late, err := w.Ledger.LateChatMessages(ctx, w.Service.Name(), now.Add(-alarmAfter))
	if err != nil {
		return err
	}
	for _, m := range late {
		if err := w.alarm(ctx, m, now); err != nil {
			return err
		}
	}
	return nil
}

// alarm records that people who read a message do not hear of something urgent, once for
// each event that it was to say.
func (w *Workspace) alarm(ctx context.Context, m ledger.ChatMessage, now time.Time) error {
	of, err := w.urgentKind(ctx, m)
	if err != nil {
		return err
	}
	w.Log.WithField("request", m.RequestID).WithField("kind", of).Error("something urgent is not in chat yet")
	return w.Ledger.AlarmOfChatMessage(ctx, m, access.UndeliveredAlarm(m.RequestID, of, w.Service.Name()+" did not take it", messageKey(m), now))
}

// urgentKind returns the kind of the event that a message is to say at once.
func (w *Workspace) urgentKind(ctx context.Context, m ledger.ChatMessage) (access.EventKind, error) {
	events, _, err := w.Ledger.Timeline(ctx, m.RequestID)
	if err != nil {
		return "", err
	}
	for _, e := range events {
		if e.Seq == m.Urgent && e.Kind.Urgent() {
			return e.Kind, nil
		}
	}
	return access.EventRecordAltered, nil // the row names an event that is not the request's
}

func messageKey(m ledger.ChatMessage) string { return replyID(m.ID, m.Urgent) }

// isRefusal reports whether trying again does not help: the app is not in the channel, or
// another workspace reads it.
func isRefusal(err error) bool {
	switch access.CodeOf(err) {
	case access.CodeForbidden, access.CodeNotFound, access.CodeInvalid:
		return true
	}
	return false
}
