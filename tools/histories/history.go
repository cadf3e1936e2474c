package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// runs are what Temporal has of a story: the history of each of its runs, the
// first one first.
func (w *world) runs(ctx context.Context, s story) (all [][]byte, err error) {
	for run, more := "", true; more; more = run != "" {
		var h []byte
		if h, run, err = w.history(ctx, s, run); err != nil {
			return nil, err
		}
		all = slices.Insert(all, 0, h)
	}
	return all, nil
}

// history is one run's, the last one's if none is named, as JSON with one event
// a line, so that a change of it can be read, and the run before, if any.
func (w *world) history(ctx context.Context, s story, run string) (written []byte, before string, err error) {
	id := workflows.AccessWorkflowID(access.RequestIDFor("histories", s.name))
	host, err := os.Hostname() // in the names of sticky queues; no business of a committed file
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	b.WriteString("{\"events\":[\n")
	events := w.temporal.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for n := 0; events.HasNext(); n++ {
		e, err := events.Next()
		if err != nil {
			return nil, "", err
		}
		if n == 0 {
			before = e.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
		}
		line, err := protojson.Marshal(e)
		if err != nil {
			return nil, "", err
		}
		line = bytes.ReplaceAll(line, []byte(`"`+host+`:`), []byte(`"host:`))
		if n > 0 {
			b.WriteString(",\n")
		}
		// protojson varies its spaces on purpose; a committed file must not.
		if err := json.Compact(&b, line); err != nil {
			return nil, "", err
		}
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), before, nil
}

// spoil makes, of one history, one that no version of the workflow could have
// written: the replay must notice. Others are answered with nil.
func spoil(story string, history []byte) []byte {
	if story != "expired" {
		return nil
	}
	return bytes.ReplaceAll(history, []byte(`"activityType":{"name":"CloseGrant"}`), []byte(`"activityType":{"name":"Forget"}`))
}
