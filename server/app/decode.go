package app

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
)

// Decoder opens what Temporal keeps, for one reading by an operator; it never
// encrypts. Errors are CodeForbidden, and CodeNotFound where nothing is
// encrypted.
func (d *App) Decoder(ctx context.Context, p access.Person) (converter.PayloadCodec, error) {
	if !d.isOperator(p) {
		return nil, d.recordRefusal(ctx, p, "", "decode", issue(access.CodeForbidden, "not_operator", "only operators read what Temporal keeps"))
	}
	if d.Codec == nil {
		return nil, issue(access.CodeNotFound, "no_payload_keys", "payloads are not encrypted here: keys.payload is not set")
	}
	return reading{d, ctx, p}, nil
}

// maxAtOnce is how many workflows one event names: a page shows one, or a list.
const maxAtOnce = 100

type reading struct {
	*App
	ctx    context.Context
	person access.Person
}

// Decode answers nothing that could not be recorded.
func (r reading) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out, err := r.Codec.Decode(payloads)
	if err != nil {
		return nil, err
	}
	opened, ids := 0, map[string]bool{}
	for _, p := range payloads {
		if id, ok := codec.EncryptedFor(p); ok {
			opened++
			ids[id] = true
		}
	}
	delete(ids, "") // a schedule's: no workflow's
	if opened == 0 {
		return out, nil
	}
	if len(ids) > maxAtOnce {
		return nil, access.Errorf(access.CodeInvalid, "payloads of %d workflows; at most %d are decoded at once", len(ids), maxAtOnce)
	}
	return out, r.Ledger.AppendEvent(r.ctx, access.Event{At: r.now(), Kind: access.EventPayloadDecoded, Actor: r.person.ID, Detail: map[string]string{
		"payloads": strconv.Itoa(opened), "workflows": strings.Join(slices.Sorted(maps.Keys(ids)), " ")}})
}

func (r reading) Encode([]*commonpb.Payload) ([]*commonpb.Payload, error) {
	return nil, issue(access.CodeForbidden, "decode_only", "nothing is encrypted for those who ask from outside")
}
