package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"ramp.dev/ramp/activities/api"
)

// runs returns the histories of a workflow, one for each of its runs, the first
// one first.
func (e *environment) runs(ctx context.Context, id string) (all [][]byte, err error) {
	for run, more := "", true; more; more = run != "" {
		var h []byte
		if h, run, err = e.history(ctx, id, run); err != nil {
			return nil, err
		}
		all = slices.Insert(all, 0, h)
	}
	return all, nil
}

// history returns the history of one run, of the last one if none is named, and the
// run before it, if any. It is JSON with one event on each line, so that a change of
// it can be read.
func (e *environment) history(ctx context.Context, id, run string) (written []byte, before string, err error) {
	host, err := os.Hostname() // in the names of sticky queues; no business of a committed file
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	b.WriteString("{\"events\":[\n")
	events := e.temporal.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for n := 0; events.HasNext(); n++ {
		event, err := events.Next()
		if err != nil {
			return nil, "", err
		}
		if n == 0 {
			before = event.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
		}
		line, err := protojson.Marshal(event)
		if err != nil {
			return nil, "", err
		}
		line = bytes.ReplaceAll(line, []byte(`"`+host+`:`), []byte(`"host:`))
		if n > 0 {
			b.WriteString(",\n")
		}
		// protojson varies its spaces on purpose; a committed file must not vary.
		if err := json.Compact(&b, line); err != nil {
			return nil, "", err
		}
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), before, nil
}

// corrupt changes a history into one that no version of the workflow could have
// written: its replay must fail. It returns nil for histories that have no such
// variant.
func corrupt(name string, history []byte) []byte {
	activity, ok := map[string]string{"expired": api.CloseGrant, standingJob: api.ReconcileRequests}[name]
	if !ok {
		return nil
	}
	return bytes.ReplaceAll(history, []byte(`"activityType":{"name":"`+activity+`"}`), []byte(`"activityType":{"name":"Forget"}`))
}
