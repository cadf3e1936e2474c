package opponents

import (
	"context"
	"encoding/json"
	"errors"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/proto"

	"ramp.dev/ramp/evidence"
)

// Statements are the signed statements that an opponent has found, in the order in
// which they were found.
type Statements []evidence.Envelope

// Of returns those of one type.
func (s Statements) Of(payloadType string) (out Statements) {
	for _, e := range s {
		if e.PayloadType == payloadType {
			out = append(out, e)
		}
	}
	return out
}

// Plan returns the signed plan.
func (s Statements) Plan() (evidence.Envelope, error) {
	if plans := s.Of(evidence.TypePlan); len(plans) > 0 {
		return plans[0], nil
	}
	return evidence.Envelope{}, errors.New("no signed plan was found")
}

// Statements reads every signed statement out of a workflow's history, each once.
// Where payloads are encrypted there is none to be read.
func (a Administrator) Statements(ctx context.Context, id string) (Statements, error) {
	var out Statements
	seen := map[string]bool{}
	read := proxy.VisitPayloadsOptions{Visitor: func(_ *proxy.VisitPayloadsContext, list []*commonpb.Payload) ([]*commonpb.Payload, error) {
		for _, p := range list {
			for _, e := range envelopes(p.GetData()) {
				if len(e.Signatures) > 0 && !seen[e.Payload+e.Signatures[0].Sig] {
					seen[e.Payload+e.Signatures[0].Sig] = true
					out = append(out, e)
				}
			}
		}
		return list, nil
	}}
	for events := a.Temporal.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		e, err := events.Next()
		if err != nil {
			return out, err
		}
		if err := proxy.VisitPayloads(ctx, proto.Clone(e), read); err != nil {
			return out, err
		}
	}
	return out, nil
}

// envelopes finds DSSE envelopes anywhere in a JSON document.
func envelopes(b []byte) (out []evidence.Envelope) {
	var e evidence.Envelope
	if json.Unmarshal(b, &e) == nil && e.PayloadType != "" {
		return []evidence.Envelope{e}
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) == nil {
		for _, v := range fields {
			out = append(out, envelopes(v)...)
		}
		return out
	}
	var list []json.RawMessage
	if json.Unmarshal(b, &list) == nil {
		for _, v := range list {
			out = append(out, envelopes(v)...)
		}
	}
	return out
}
