package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"

	enumspb "go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// history is what Temporal has of a story, as JSON with one event a line, so
// that a change of it can be read.
func (w *world) history(ctx context.Context, s story) ([]byte, error) {
	id := workflows.AccessWorkflowID(access.RequestIDFor("histories", s.name))
	host, err := os.Hostname() // in the names of sticky queues; no business of a committed file
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("{\"events\":[\n")
	events := w.temporal.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for n := 0; events.HasNext(); n++ {
		e, err := events.Next()
		if err != nil {
			return nil, err
		}
		line, err := protojson.Marshal(e)
		if err != nil {
			return nil, err
		}
		line = bytes.ReplaceAll(line, []byte(`"`+host+`:`), []byte(`"host:`))
		if n > 0 {
			b.WriteString(",\n")
		}
		// protojson varies its spaces on purpose; a committed file must not.
		if err := json.Compact(&b, line); err != nil {
			return nil, err
		}
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

// spoil makes, of one history, one that no version of the workflow could have
// written: the replay must notice. Others are answered with nil.
func spoil(story string, history []byte) []byte {
	if story != "expired" {
		return nil
	}
	return bytes.ReplaceAll(history, []byte(`"activityType":{"name":"Close"}`), []byte(`"activityType":{"name":"Forget"}`))
}
